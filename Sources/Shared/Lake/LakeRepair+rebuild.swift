internal import Base
package import Postgres

extension LakeRepair.Report {
  /// What nobody builds again unless somebody asks: lost files, and those of publications that this database lost.
  package var waiting: [LakeRepair.Missing] { (missing + unknown).filter { $0.taskID == nil } }
}

extension LakeRepair {
  package struct Rebuild: Sendable, Equatable {
    package var backfillIDs: [Int64] = []
    package var taskCount = 0
  }

  /// Enqueues what is to be built again, at its vintage, by the definition that is applied now: all of it or nothing. What
  /// an open backfill builds already is not enqueued a second time.
  ///
  /// - Parameter report: its files get the task that builds each; those that keep none are of datasets, years or regions
  ///   that are no longer declared.
  /// - Throws: `PostgresError`.
  package static func rebuild(_ report: inout Report, _ connection: PostgresConnection) async throws -> Rebuild {
    let groups = try await groups(report.waiting, connection)
    let rebuild = try await connection.withTransaction { transaction in
      var rebuild = Rebuild()
      for group in groups {
        let row = try await transaction.one(
          """
          SELECT * FROM queue.enqueue_backfill(ARRAY[$1], $2::int[], as_of => $3, regions => $4, mode => 'all',
            note => 'lake repair', allow_future_vintage => true)
          """, [group.dataset, group.years, group.asOf, group.regions])
        let count: Int = try row.decode("enqueued")
        if count > 0 { rebuild.backfillIDs.append(try row.decode("backfill_id")) }
        rebuild.taskCount += count
      }
      return rebuild
    }
    for index in report.missing.indices { try await findTask(&report.missing[index], connection) }
    for index in report.unknown.indices { try await findTask(&report.unknown[index], connection) }
    return rebuild
  }

  private static func findTask(_ file: inout Missing, _ connection: PostgresConnection) async throws {
    file.taskID = try await connection.one(
      "SELECT lake.builder_of($1, $2, $3, $4) AS task_id", [file.dataset, file.year, file.region, file.asOf]
    ).decode("task_id")
  }

  /// One backfill each: the years of a dataset and vintage that lack the same regions.
  private struct Group {
    var dataset: String
    var asOf: String
    var years: [Int]
    /// Qualified, as a request names them; nil where the dataset is not split.
    var regions: [String]?
  }

  /// Upstream datasets first, so that what reads them waits for them.
  private static func groups(_ files: [Missing], _ connection: PostgresConnection) async throws -> [Group] {
    var upstream: [String: [String]] = [:]
    for row in try await connection.query("SELECT name, depends_on FROM catalog.dataset") {
      upstream[try row.decode("name")] = try row.decode("depends_on", as: [String].self)
    }
    func depth(_ name: String) -> Int { (upstream[name] ?? []).map { depth($0) + 1 }.max() ?? 0 }

    var regions: [String: [Int: Set<String>]] = [:]
    for file in files where upstream[file.dataset] != nil {
      regions[file.dataset + " " + file.asOf, default: [:]][file.year, default: []].insert(file.region)
    }
    var groups: [Group] = []
    for (name, years) in regions {
      let parts = name.split(separator: " ").map(String.init)
      for (set, years) in Dictionary(grouping: years.keys, by: { years[$0] ?? [] }) {
        groups.append(
          Group(
            dataset: parts[0], asOf: parts[1], years: years.sorted(),
            regions: set == [""] ? nil : set.sorted().map { "\(parts[0]):\($0)" }))
      }
    }
    return groups.sorted {
      let depths = (depth($0.dataset), depth($1.dataset))
      return depths.0 == depths.1
        ? ($0.dataset, $0.asOf, $0.years[0]) < ($1.dataset, $1.asOf, $1.years[0]) : depths.0 < depths.1
    }
  }
}
