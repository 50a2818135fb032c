package import Catalog
package import Postgres

/// What a backfill would do, what it would ask of each source, and how long it would take.
package struct Plan: Encodable, Sendable {
  /// Each of them, in the order of datasets, years and regions; empty where no detail was asked for, since there may be
  /// millions.
  package var partitions: [PlannedPartition]
  /// Datasets whose regions come from the settings.
  package var configured_regions: [String]
  package var forecast: PlanForecast
  /// What each dataset costs as a whole, however much of it is planned.
  package var full_runs: [FullRunForecast] = []
  /// The same in few lines, in the order of their datasets.
  package var groups: [Group]
  /// For people: where regions come from the settings.
  package var regionNote: String?
  /// Those of which something would be enqueued.
  package var specs: [DatasetSpec]
  /// For people: where the plan is not by the catalog's definitions.
  package var note: String?

  private enum CodingKeys: CodingKey {
    case partitions, configured_regions, forecast, full_runs
  }

  /// Partitions of a dataset with which the same happens for the same reason.
  package struct Group: Sendable {
    package var dataset: String
    package var action: PlannedPartition.Action
    package var reason: String?
    package var count: Int
    package var years: ClosedRange<Int>
  }

  /// - Parameters:
  ///   - slots: tasks at a time; see `PlanForecast.make`.
  ///   - detail: whether each partition is listed, which takes memory for each.
  package static func read(
    _ chosen: ChosenPartitions, slots: Int?, maxRunning: Int?, detail: Bool, _ session: some PostgresSession
  ) async throws -> Plan {
    let partitions = detail ? try await PlannedPartition.read(chosen, session) : []
    let groups = detail ? PlannedPartition.groups(partitions) : try await Group.read(chosen, session)
    let enqueued = Set(groups.filter { $0.action == .enqueue }.map(\.dataset))
    return Plan(
      partitions: partitions, configured_regions: chosen.regions.configured(chosen.specs),
      forecast: try await PlanForecast.make(chosen, groups, slots: slots, maxRunning: maxRunning, session),
      groups: groups, regionNote: chosen.regions.note(chosen.specs),
      specs: chosen.specs.filter { enqueued.contains($0.name) })
  }
}

extension Plan.Group {
  fileprivate static func read(
    _ chosen: ChosenPartitions, _ session: some PostgresSession
  ) async throws -> [Plan.Group] {
    try await session.query(
      """
      SELECT dataset, action, reason, count(*) AS count, min(data_year) AS first_year, max(data_year) AS last_year
      FROM queue.plan_backfill($1, $2, $3, $4, $5) GROUP BY dataset, action, reason ORDER BY dataset, action, reason
      """, chosen.parameters
    ).map { row in
      Plan.Group(
        dataset: try row.decode("dataset"), action: try PlannedPartition.Action(row), reason: try row.text("reason"),
        count: try row.decode("count"), years: try row.decode("first_year")...row.decode("last_year"))
    }
  }
}
