import Console
import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Each text of the catalogue of advice is met in the output of the real programs, followed as it stands, and ends well: the
/// partition is published, or the trouble is gone.
@Suite(.database)
struct AdviceWalkTests {
  /// Which walk follows which advice. One that nobody walks fails `everyAdviceIsWalked`; a walk that does not meet all of
  /// its own fails itself.
  private static let walks: [String: [Advice]] = [
    "definition": [
      .nothingYet, .whyThoseFailed, .storyOfOne, .retryBackfill, .whatFailed, .wholeStory, .lookWithoutPublishing,
      .whenTheDefinitionFollows, .itsLineage,
    ],
    "document": [.whenTheSourceHasCorrected, .retryOne],
    "permanent": [.whenItsCauseIsGone],
    "transient": [.howTheSourceIs, .thenRetry],
    "lost": [.seeWhereItEnds],
    "dependency": [.whyTheOtherFailed, .tryBothAgain, .missingUpstream],
    "cancelled": [.enqueueBothAgain, .enqueueAgain],
    "waiting": [.noWorker, .beforeAllOthers, .notAtAll],
    "running": [.stopIt, .runningBefore, .goesOn],
    "done": [.nothingToDo],
    "sources": [.sourceIsOff, .keyIsNotSet, .sourceIsUnreachable],
  ]

  @Test func everyAdviceIsWalked() {
    let walked = Self.walks.values.flatMap(\.self)
    #expect(Set(walked) == Set(Advice.allCases))
    #expect(walked.count == Set(walked).count)
  }

  // MARK: Walking

  private static func walk(_ name: String, _ body: (AdviceWalk) async throws -> Void) async throws {
    let walk = AdviceWalk(name)
    try await body(walk)
    #expect(walk.met == Set(walks[name] ?? []), "\(name)")
  }

  // MARK: What failed

  @Test func aDefinitionThatIsWrong() async throws {
    try await Self.walk("definition") { walk in
      try await PriceShop.open { shop in
        try await shop.aker("migrate")
        let nothing = try walk.meet(.nothingYet, in: try await shop.aker("status"))
        try await shop.aker(walk.commands(nothing)[0])

        try shop.define(factor: -1)
        try shop.deliver(2020, "69.97")
        let ended = try await shop.aker("backfill price --years 2020 --as-of 2024-06 --workers 1", exits: 1)
        let list = try await shop.aker(walk.commands(try walk.meet(.whyThoseFailed, in: ended))[0])
        _ = try walk.meet(.retryBackfill, in: list)
        try await shop.aker(walk.commands(try walk.meet(.wholeStory, in: list))[0])
        let status = try await shop.aker("status")
        try await shop.aker(walk.commands(try walk.meet(.whatFailed, in: status))[0])
        let story = try await shop.aker(walk.commands(try walk.meet(.storyOfOne, in: ended))[0])
        // What was expected, what was found, and the rows.
        #expect(story.contains("expected min_value 0") && story.contains("-69.97"), "\(story)")
        // It meets the same, since nothing was mended yet.
        let look = try await shop.aker(walk.commands(try walk.meet(.lookWithoutPublishing, in: story))[0], exits: 65)
        #expect(look.contains("expected min_value 0") && look.contains("-69.97"), "\(look)")

        let change = walk.commands(try walk.meet(.whenTheDefinitionFollows, in: story))
        #expect(change.count == 2, "\(change)")
        try shop.define(factor: 2)
        for command in change { try await shop.aker(command) }
        try await shop.work()
        #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
        #expect(try await !shop.aker("status").contains("failed"))
        let done = try await shop.aker("task 1")
        try await shop.aker(walk.commands(try walk.meet(.itsLineage, in: done))[0])
        #expect(done.contains("/_validation/validation.html"), "\(done)")
        let report = try #require(done.firstMatch(of: /report +([^\n]+)/)).1
        #expect(FileManager.default.fileExists(atPath: String(report)), "\(report)")
      }
    }
  }

  @Test func aDocumentThatIsCorrectedAndOneOfSeveralBackfills() async throws {
    try await Self.walk("document") { walk in
      try await PriceShop.open { shop in
        try shop.deliver(2020, "-1")
        try shop.deliver(2021, "-1")
        for year in [2020, 2021] {
          try await shop.aker("backfill price --years \(year) --as-of 2024-06 --workers 1", exits: 1)
        }
        try shop.deliver(2020, "69.97")
        try shop.deliver(2021, "69.97")
        let list = try await shop.aker("tasks --state failed")
        try await shop.aker(walk.commands(try walk.meet(.retryOne, in: list))[0])
        let story = try await shop.aker("task 2")
        try await shop.aker(walk.commands(try walk.meet(.whenTheSourceHasCorrected, in: story))[0])
        try await shop.work()
        #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
        #expect(try await shop.shown(2021) == "69.97 as of 2024-06")
        #expect(try await shop.aker("tasks --state failed").contains("no task matches"))
      }
    }
  }

  @Test func aDocumentThatIsNotThere() async throws {
    try await Self.walk("permanent") { walk in
      try await PriceShop.open { shop in
        try await shop.aker("backfill price --years 2020 --as-of 2024-06 --workers 1", exits: 1)
        try shop.deliver(2020, "69.97")
        try await shop.aker(walk.commands(try walk.meet(.whenItsCauseIsGone, in: try await shop.aker("task 1")))[0])
        try await shop.work()
        #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
      }
    }
  }

  @Test func aSourceThatIsDown() async throws {
    try await Self.walk("transient") { walk in
      try await FaultyCensus.with(faults: #"[{"path": "/census_acs5/data/2011", "fault": "status", "status": 503}]"#) {
        shop in
        try await shop.aker("backfill market_income --years 2011 --as-of 2024-06 --workers 1", exits: 1)
        let story = try await shop.aker("task 1")
        try await shop.aker(walk.commands(try walk.meet(.howTheSourceIs, in: story))[0])
        try await shop.clearFaults()
        try await shop.aker(walk.commands(try walk.meet(.thenRetry, in: story))[0])
        try await shop.work()
        #expect(try await shop.published() == ["market_income 2011"])
      }
    }
  }

  @Test func aWorkerThatIsLost() async throws {
    try await Self.walk("lost") { walk in
      try await FaultyCensus.with(faults: #"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]"#) {
        shop in
        try await shop.connection.execute("UPDATE queue.setting SET max_lost_workers = 1")
        try await shop.aker("backfill market_income --years 2012 --as-of 2024-06 --detach")
        try await shop.working {
          try await eventually(within: .seconds(60), "it runs") {
            try await !shop.connection.query("SELECT FROM queue.attempt WHERE step = 'fetch'").isEmpty
          }
        }
        try await eventually(within: .seconds(60), "the task is given up") {
          _ = try await shop.connection.query("SELECT queue.tick()")
          return try await !shop.connection.query("SELECT FROM queue.task WHERE error_class = 'worker_lost'").isEmpty
        }
        try await shop.clearFaults()
        let story = try await shop.aker("task 1")
        try await shop.aker(walk.commands(try walk.meet(.seeWhereItEnds, in: story))[0])
        let retry = try #require(story.firstMatch(of: /then: aker (retry --task 1)/)).1
        try await shop.aker(String(retry))
        try await shop.work()
        #expect(try await shop.published() == ["market_income 2012"])
      }
    }
  }

  // MARK: What waits for another

  /// A second dataset, made of the first.
  private func addTotal(_ shop: PriceShop) throws {
    try FileManager.default.createDirectory(
      atPath: shop.home.path + "/catalog/datasets/total", withIntermediateDirectories: true)
    try shop.home.write(
      """
      name: total
      title: The sum of it
      partitions: {years: 2020-2029}
      depends_on: [price]
      columns:
        - {name: name, type: text, description: Of all.}
        - {name: total, type: double, unit: USD, description: The sum.}
      key: [name]

      """, to: "catalog/datasets/total/dataset.yml")
    try shop.home.write(
      "SELECT 'all' AS name, sum(price) AS total FROM published.price WHERE data_year = getvariable('data_year')",
      to: "catalog/datasets/total/transform.sql")
  }

  private func total(_ shop: PriceShop) async throws -> [String] {
    try await shop.texts("SELECT total::text FROM public.total")
  }

  @Test func whatAnotherDatasetLacks() async throws {
    try await Self.walk("dependency") { walk in
      try await PriceShop.open { shop in
        try addTotal(shop)
        try await shop.aker("backfill price total --years 2020 --as-of 2024-06 --workers 1", exits: 1)
        let story = try await shop.aker("task 2")
        try await shop.aker(walk.commands(try walk.meet(.whyTheOtherFailed, in: story))[0])
        try shop.deliver(2020, "69.97")
        try await shop.aker(walk.commands(try walk.meet(.tryBothAgain, in: story))[0])
        try await shop.work()
        #expect(try await total(shop) == ["69.97"])

        try shop.deliver(2021, "2")
        let warned = try await shop.aker("backfill total --years 2021 --as-of 2024-06 --detach")
        let text = try walk.meet(.missingUpstream, in: warned)
        try await shop.aker(try #require(walk.commands(text).first) + " --detach")
        try await shop.work()
        #expect(try await total(shop).sorted() == ["2", "69.97"])
      }
    }
  }

  @Test func whatWasCancelled() async throws {
    try await Self.walk("cancelled") { walk in
      try await PriceShop.open { shop in
        try addTotal(shop)
        try shop.deliver(2020, "69.97")
        try await shop.aker("backfill price total --years 2020 --as-of 2024-06 --detach")
        try await shop.aker("cancel --task 1 --yes")
        let story = try await shop.aker("task 2")
        try await shop.aker(walk.commands(try walk.meet(.enqueueBothAgain, in: story))[0] + " --detach")
        try await shop.work()
        #expect(try await total(shop) == ["69.97"])

        try shop.deliver(2021, "2")
        try await shop.aker("backfill price --years 2021 --as-of 2024-06 --detach")
        let id = try await shop.texts("SELECT max(task_id)::text FROM queue.task")[0]
        try await shop.aker("cancel --task \(id) --yes")
        let again = try walk.meet(.enqueueAgain, in: try await shop.aker("task \(id)"))
        try await shop.aker(walk.commands(again)[0] + " --detach")
        try await shop.work()
        #expect(try await shop.shown(2021) == "2 as of 2024-06")
      }
    }
  }

  // MARK: What waits, what runs, what is done

  @Test func whatNobodyWorksOn() async throws {
    try await Self.walk("waiting") { walk in
      try await PriceShop.open { shop in
        try shop.deliver(2020, "69.97")
        try shop.deliver(2021, "1")
        let enqueued = try await shop.aker("backfill price --years 2020-2021 --as-of 2024-06 --detach")
        let start = try walk.meet(.noWorker, in: enqueued)
        #expect(try await shop.aker("workers").contains(Advice.noWorker.text()))
        let story = try await shop.aker("task 2")
        try await shop.aker(walk.commands(try walk.meet(.beforeAllOthers, in: story))[0])
        let first = try await shop.aker("task 1")
        try await shop.aker(walk.commands(try walk.meet(.notAtAll, in: first))[0] + " --yes")
        // The same program with the same argument, and an end.
        let arguments = try #require(start.firstMatch(of: /aker-worker (--slots [0-9]+)/)).1.split(separator: " ").map(
          String.init)
        let worked = try await Program.run(
          Executable.worker, arguments + ["--until-empty"], environment: shop.home.environment)
        #expect(worked.exitCode == 0, "\(worked)")
        #expect(
          try await shop.texts("SELECT state::text FROM queue.task ORDER BY task_id") == ["cancelled", "completed"])
      }
    }
  }

  @Test func whatRuns() async throws {
    try await Self.walk("running") { walk in
      try await FaultyCensus.with(faults: #"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]"#) {
        shop in
        try await shop.aker("backfill market_income --years 2012 --as-of 2024-06 --detach")
        try await shop.working {
          try await eventually(within: .seconds(60), "it runs") {
            try await !shop.connection.query("SELECT FROM queue.attempt WHERE step = 'fetch'").isEmpty
          }
          // A watch that is left: what it names goes on.
          let watch = try await Program.start(Executable.aker, ["watch", "1"], environment: shop.home.environment)
          try await eventually(within: .seconds(60), "it watches") {
            try await !shop.connection.query(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%queue.eta%' AND pid <> pg_backend_pid()"
            ).isEmpty
          }
          watch.send(SIGINT)
          let left = try await watch.wait()
          let named = walk.commands(try walk.meet(.goesOn, in: left.output + left.errorOutput))
          #expect(named == ["watch 1", "or aker cancel --backfill 1"] || named.first == "watch 1", "\(named)")
          // Another definition, while it runs.
          let file = shop.home.environment["AKER_CATALOG_PATH"]! + "/datasets/market_income/transform.sql"
          let sql = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
          try Data((sql + "\n-- Corrected.\n").utf8).write(to: URL(filePath: file))
          let applied = try await shop.aker("catalog apply")
          let then = try #require(walk.commands(try walk.meet(.runningBefore, in: applied)).first)
          let story = try await shop.aker("task 1")
          try await shop.aker(walk.commands(try walk.meet(.stopIt, in: story))[0] + " --yes")
          try await shop.clearFaults()
          // What ran was stopped, so that there is nothing stale: the definition of before is published by its name first.
          let before = try await shop.texts("SELECT definition_hash FROM queue.attempt LIMIT 1")[0]
          #expect(
            try await shop.texts("SELECT definition_hash FROM catalog.dataset WHERE name = 'market_income'") != [before]
          )
          try await shop.aker("run market_income --year 2012 --as-of 2024-06")
          try Data((sql + "\n-- Corrected again.\n").utf8).write(to: URL(filePath: file))
          try await shop.aker(then.replacing("YEARS", with: "2012") + " --as-of 2024-06 --detach")
          try await eventually(within: .seconds(60), "it is built again") {
            try await shop.texts(
              "SELECT (m.definition_hash = d.definition_hash)::text FROM lake.manifest m JOIN catalog.dataset d ON d.name = m.dataset"
            )
              == ["true"]
          }
        }
      }
    }
  }

  @Test func whatIsDone() async throws {
    try await Self.walk("done") { walk in
      try await PriceShop.open { shop in
        try shop.deliver(2020, "69.97")
        try await shop.aker("backfill price --years 2020 --as-of 2024-06 --workers 1")
        let said = try await shop.aker("backfill price --years 2020 --as-of 2024-06 --detach")
        #expect(!said.contains("warning"), "of nothing, nothing is warned of: \(said)")
        _ = try walk.meet(.nothingToDo, in: said)
        #expect(
          try await shop.aker("backfill price --years 2020 --as-of 2024-06 --dry-run").contains("already published"))
        try await shop.aker("backfill price --years 2020 --as-of 2024-06 --force --workers 1")
        #expect(try await shop.texts("SELECT count(*)::text FROM lineage.publication") == ["2"])
      }
    }
  }

  // MARK: Sources

  @Test func whatASourceLacks() async throws {
    try await Self.walk("sources") { walk in
      try await PriceShop.open { shop in
        func declare(_ fields: String, endpoint: String) throws {
          try shop.home.write(
            "sources:\n  - {id: shop, name: A shop, endpoint: \"\(endpoint)\"\(fields)}\n", to: "catalog/sources.yml")
        }
        let real = "file://\(shop.home.path)/shop"
        func enqueue(_ year: Int, _ environment: [String: String] = [:]) async throws -> String {
          try shop.deliver(year, "1")
          let result = try await Program.run(
            Executable.aker, ["backfill", "price", "--years", "\(year)", "--as-of", "2024-06", "--workers", "1"],
            environment: shop.home.environment.merging(environment) { $1 })
          return result.output + result.errorOutput
        }
        try declare(", enabled: false", endpoint: real)
        let off = try walk.meet(.sourceIsOff, in: try await enqueue(2020))
        let variable = String(try #require(off.firstMatch(of: /AKER_SOURCE_[A-Z_]+/)).0)
        let switched = try await enqueue(2021, [variable: real])
        #expect(!switched.contains("warning"), "\(switched)")
        #expect(try await shop.shown(2021) == "1 as of 2024-06")

        try declare(", auth: {in: query, name: key}, auth_key_name: SHOP_KEY", endpoint: real)
        // A plan says it, too.
        _ = try walk.meet(.keyIsNotSet, in: try await shop.aker("plan price --years 2022 --as-of 2024-06"))
        let key = try walk.meet(.keyIsNotSet, in: try await enqueue(2022))
        let name = String(try #require(key.firstMatch(of: /AKER_[A-Z_]+/)).0)
        let keyed = try await enqueue(2023, [name: "secret"])
        #expect(!keyed.contains("warning"), "\(keyed)")
        #expect(try await shop.shown(2023) == "1 as of 2024-06")

        try declare("", endpoint: "file:///nowhere/at/all")
        _ = try walk.meet(.sourceIsUnreachable, in: try await enqueue(2024))
        let doctor = try await shop.aker("doctor", exits: 1)
        #expect(doctor.contains("/nowhere/at/all") && doctor.contains("AKER_SOURCE_SHOP_ENDPOINT"), "\(doctor)")
        let reached = try await enqueue(2025, ["AKER_SOURCE_SHOP_ENDPOINT": real])
        #expect(!reached.contains("warning"), "\(reached)")
        #expect(try await shop.shown(2025) == "1 as of 2024-06")
      }
    }
  }
}
