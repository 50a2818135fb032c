internal import Base
internal import Catalog
internal import CatalogTools
internal import Console
internal import HTTPTypes
internal import Settings

/// What pages need, and other clients may have, too.
extension Operations {
  static let dashboard: [Operation] = [
    .question(
      "getGrid", "/grid",
      "Every dataset with its years: as all work together made it, or as a backfill or a vintage has it.",
      commands: ["status"],
      query: [
        parameter("backfill", .integer(least: 0), "As this backfill has it."),
        parameter("as_of", .month, "As the backfills of this vintage have it."),
        parameter("flow", .string(), "The datasets of this flow."),
        parameter("search", .string(), "Datasets with this in their name."),
        parameter("until", .integer(least: 0, most: 9999), "The last year that is told; the latest unless told."),
        parameter("years", .integer(least: 1, most: 9999), "How many years are told; all unless told."),
        parameter("page", .integer(least: 1, most: 1_000_000), "Of the datasets; a number too high is the last page."),
        parameter("limit", .integer(least: 1, most: 10_000), "Datasets on a page; all unless told."),
      ],
      answer: .fields(
        "vintages:strs found:int page:int pages:int first_year:int last_year:int shown_from:int shown_until:int",
        [
          ("counts", .map(.integer())),
          (
            "rows",
            .list(
              .fields(
                "dataset:str title:str? first_year:int? last_year:int?",
                [("counts", .map(.integer())), ("cells", .list(cell))]))
          ),
        ]),
      prepare: { exchange in
        try await StatusGrid.refresh(
          backfill: exchange.number("backfill").map(Int64.init), asOf: exchange.text("as_of"), exchange.connection)
      }
    ) { exchange in
      var datasets: [String]?
      if let flow = exchange.text("flow") {
        let folder = try CatalogLoading.folder(exchange.configuration)
        datasets = try CatalogLoading.flow(flow, from: folder).datasets
      }
      return try Reply(
        try await StatusGrid.read(
          StatusGrid.Filter(
            backfill: exchange.number("backfill").map(Int64.init), asOf: exchange.text("as_of"), datasets: datasets,
            search: exchange.text("search"), until: exchange.number("until"), years: exchange.number("years"),
            page: exchange.number("page") ?? 1, limit: exchange.number("limit")),
          exchange.connection))
    },
    .question(
      "listCatalog", "/catalog", "The datasets of the service's catalog folder, applied or not.",
      commands: [],
      answer: .list(.fields("name:str title:str first_year:int last_year:int?"))
    ) { exchange in
      try Reply(
        KeptCatalog.folder(exchange.configuration.catalogPath).datasets.sorted { $0.name < $1.name }
          .map(CatalogDatasetLine.init))
    },
    .question(
      "getBackfillDetail", "/backfills/{backfill}/detail",
      "What a backfill skipped and why, and how many attempts ended in each minute of its last hour.",
      commands: ["watch"],
      answer: .fields(
        "",
        [
          ("skipped", .list(.fields("dataset:str first_year:int last_year:int partitions:int reason:str"))),
          ("minutes", .list(.fields("at:time completed:int failed:int"))),
        ])
    ) { try Reply(try await BackfillDetail.read(Int64($0.number("backfill") ?? 0), $0.connection)) },
    .question(
      "getDataset", "/datasets/{dataset}",
      "A dataset: its columns, what reads it and what it reads, its years, its last publications and checks.",
      commands: [], answer: story
    ) { try Reply(try await DatasetStory.read($0.text("dataset") ?? "", $0.connection)) },
    .act(
      "previewAct", "/preview",
      "What an act on a task, a backfill, a dataset or a source would do, in the command's words.",
      commands: ["retry", "cancel", "prioritize", "pause", "resume"], level: .viewer, kind: .preview,
      body: target(
        ["task:id", "backfill:id dataset:str?", "dataset:str", "source:str", "queue"],
        [
          ("act", .string(values: ActPreview.Act.allCases.map(\.rawValue))),
          ("error_class?", .string(values: ErrorClass.allCases.map(\.rawValue))),
          ("priority?", .integer(least: -100, most: 100)),
        ],
        also: [
          .fields(
            "task:id",
            [("act", .string(values: ["retry"])), ("definition", .string(pattern: "^[0-9a-f]{8,64}$"))])
        ]), answer: .fields("text:str count:int left_alone:str? command:str")
    ) { exchange in
      try Reply(
        try await ActPreview.read(
          exchange.text("act").flatMap(ActPreview.Act.init) ?? .retry, try exchange.target(Set(Target.Kind.allCases)),
          errorClass: exchange.text("error_class").flatMap(ErrorClass.init),
          priority: exchange.number("priority") ?? 10,
          definition: exchange.text("definition"), exchange.connection))
    },
    .act(
      "previewLake", "/lake/preview",
      "What the commands that check what is published, or take it back, would do to a dataset's years, with the commands.",
      commands: [], level: .viewer, kind: .preview,
      body: .fields(
        "dataset:str",
        [
          ("act", .string(values: LakePreview.Act.allCases.map(\.rawValue))),
          ("years", .list(.integer(least: 1500, most: 2500))),
        ]),
      answer: .fields(
        "text:str count:int has_more:bool commands:strs",
        [("partitions", .list(.fields("data_year:int region:str text:str command:str?")))])
    ) { exchange in
      try Reply(
        try await LakePreview.read(
          exchange.text("act").flatMap(LakePreview.Act.init) ?? .validate, exchange.text("dataset") ?? "",
          years: exchange.numbers("years") ?? [], exchange.connection))
    },
  ]

  static let cell = Schema.fields(
    "dataset:str data_year:int state:str data:str work:str? data_sign:str work_sign:str? total:int completed:int "
      + "failed:int cancelled:int running:int blocked:int paused:int warned:int")

  private static let story = Schema.fields(
    "dataset:str title:str description:str owner:str first_year:int last_year:int? definition_hash:str applied_at:time pause_reason:str? "
      + "sources:strs reads:strs read_by:strs",
    [
      ("columns", .list(.fields("name:str type:str unit:str? description:str is_key:bool sources:strs"))),
      ("cells", .list(cell)),
      (
        "publications",
        .list(
          .fields(
            "publication_id:int data_year:int region:str as_of:str published_at:time outcome:str row_count:int "
              + "row_change:int? task_id:int"
          ))
      ),
      (
        "validations",
        .list(
          .fields(
            "validated_at:time data_year:int region:str check_count:int failed_count:int warned_count:int task_id:int?")
        )
      ),
    ])
}
