internal import Postgres

/// What a backfill would do with one partition.
package struct PlannedPartition: Encodable, Sendable {
  package enum Action: String, Encodable, Sendable {
    case enqueue, skip

    /// From a row of `queue.plan_backfill()`.
    init(_ row: PostgresRow) throws {
      let word: String = try row.decode("action")
      guard let action = Action(rawValue: word) else {
        throw PostgresError(.decoding, "a plan has the action '\(word)'")
      }
      self = action
    }
  }

  package var dataset: String
  package var data_year: Int
  package var region: String
  package var action: Action
  /// Why it is skipped.
  package var reason: String?

  /// From a row of `queue.plan_backfill()`.
  private init(_ row: PostgresRow) throws {
    dataset = try row.decode("dataset")
    data_year = try row.decode("data_year")
    region = try row.decode("region")
    action = try Action(row)
    reason = try row.text("reason")
  }

  /// All of a plan, by dataset, year and region.
  static func read(_ chosen: ChosenPartitions, _ session: some PostgresSession) async throws -> [PlannedPartition] {
    try await session.query(
      "SELECT * FROM queue.plan_backfill($1, $2, $3, $4, $5) ORDER BY dataset, data_year, region", chosen.parameters
    ).map { try PlannedPartition($0) }
  }

  static func groups(_ partitions: [PlannedPartition]) -> [Plan.Group] {
    var groups: [String: Plan.Group] = [:]
    for partition in partitions {
      let key = "\(partition.dataset)\n\(partition.action)\n\(partition.reason ?? "")"
      let year = partition.data_year
      var group =
        groups[key]
        ?? Plan.Group(
          dataset: partition.dataset, action: partition.action, reason: partition.reason, count: 0, years: year...year)
      group.count += 1
      group.years = min(group.years.lowerBound, year)...max(group.years.upperBound, year)
      groups[key] = group
    }
    return groups.sorted { $0.key < $1.key }.map(\.value)
  }
}
