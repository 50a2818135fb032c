internal import HTTPTypes
internal import Base
internal import Console
internal import Lineage

extension Operations {
  private static let region = parameter("region", .string(), "Where the dataset is split.")

  static let data: [Operation] = [
    .question(
      "getLineage", "/lineage/{dataset}/{year}", "Where a published partition came from, down to its documents.",
      commands: ["lineage show"],
      query: [
        region, parameter("as_of", .month, "The vintage; else the newest."),
      ],
      answer: .anything
    ) { exchange in
      let place = place(exchange)
      guard
        let tree = try await LineageTree.current(
          exchange.connection, dataset: place.dataset, dataYear: place.year, region: place.region,
          asOf: exchange.text("as_of"))
      else { throw notPublished(place) }
      return try Reply(tree)
    },
    .question(
      "listLake", "/lake", "What is current of each partition, with its file.", commands: ["lake ls"],
      query: [parameter("dataset", .string(), "Of this dataset.")],
      answer: .list(.fields("path:str row_count:int byte_count:int sha256:str state:str in_warehouse:bool"))
    ) { try Reply(try await LakeLine.list(dataset: $0.text("dataset"), $0.connection)) },
    .question(
      "getLakeHistory", "/lake/{dataset}/{year}/history", "Every publication of a partition, the newest first.",
      commands: ["lake history"], query: [region],
      answer: .list(
        .fields(
          "publication:int as_of:str published_at:time outcome:str row_count:int sha256:str task_id:int definition:str "
            + "is_applied:bool? warehouse:str lake_path:str report:str"))
    ) { exchange in
      let place = place(exchange)
      let lines = try await place.history(exchange.connection)
      if lines.isEmpty { throw notPublished(place) }
      return try Reply(lines)
    },
    .question(
      "listReview", "/review", "Rows that wait for a person: what was read, and how sure it is.",
      commands: ["review ls"],
      query: [
        parameter("dataset", .string(), "Of this dataset."),
        parameter("year", .integer(least: 1500, most: 2500), "Of this year."),
        parameter("below", .number, "Rows with less confidence than this; those that wait unless told."),
      ],
      answer: .list(.fields("dataset:str row:str data_year:int confidence:num?", [("shown", .map(.string()))]))
    ) { exchange in
      var reviewed = try await Review.datasets(exchange.connection)
      if let dataset = exchange.text("dataset") {
        reviewed = reviewed.filter { $0.name == dataset }
        if reviewed.isEmpty { reviewed = [(name: dataset, shows: [])] }  // the database says what is wrong with it
      }
      var rows: [Review.Row] = []
      for (name, shows) in reviewed {
        rows += try await Review.undecided(
          name, shows: shows, year: exchange.number("year"), below: exchange.double("below"), exchange.connection)
      }
      return try Reply(rows)
    },
    .question(
      "listDecisions", "/review/decisions", "What was decided about rows, the newest first.",
      commands: ["review decisions"], query: [parameter("dataset", .string(), "Of this dataset.")],
      answer: .list(
        .fields(
          "decision_id:int decided_at:time dataset:str row:str decision:str decided_by:str reason:str",
          [("changes", .map(.nullable(.string())))]))
    ) { try Reply(try await Review.decisions($0.text("dataset"), $0.connection)) },
    .act(
      "decide", "/review/{dataset}/{row}", "Accept, reject or correct a row.",
      commands: ["review accept", "review reject", "review correct"],
      body: .fields(
        "reason:str",
        [
          ("decision", .string(values: ["accept", "reject", "correct"])), ("changes?", .map(.nullable(.string()))),
        ]),
      answer: .fields("row:str decision_id:int")
    ) { exchange in
      var changes: [String: String?] = [:]
      if case .object(let members)? = exchange.member("changes") {
        for (name, value) in members { changes.updateValue(value.text, forKey: name) }
      }
      let (dataset, row) = (exchange.text("dataset") ?? "", exchange.text("row") ?? "")
      let made = try await Review.decide(
        exchange.text("decision") ?? "", dataset, row, reason: exchange.text("reason") ?? "", by: exchange.caller.name,
        changes: changes, exchange.connection)
      struct Decided: Encodable {
        var row: String
        var decision_id: Int64
      }
      return try Reply(
        Decided(row: made.row, decision_id: made.decisionID), status: .created, target: "\(dataset) \(made.row)")
    },
  ]

  private static func place(_ exchange: Exchange) -> PublishedPartition {
    PublishedPartition(
      dataset: exchange.text("dataset") ?? "", year: exchange.number("year") ?? 0,
      region: exchange.text("region") ?? "")
  }

  private static func notPublished(_ place: PublishedPartition) -> Problem {
    Problem(
      .notFound, "\(OutsideText.line(place.dataset)) \(place.year) \(OutsideText.line(place.region)) is not published",
      hint: "aker lake ls lists what is.")
  }
}
