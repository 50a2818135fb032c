package import Postgres

/// Tasks of a plan that would fail, since a dataset that they read is neither published, nor planned, nor under way.
package struct UnmetDependency: Encodable, Sendable {
  package var dataset: String
  package var upstream: String
  package var years: [Int]
  package var tasks: Int
  /// The command that makes up for it; nil where the upstream dataset does not have those years.
  package var command: String?

  package static func find(_ chosen: ChosenPartitions, _ session: some PostgresSession) async throws
    -> [UnmetDependency]
  {
    try await find(chosen.parameters, asOf: chosen.partitions.asOf, session)
  }

  /// - Parameter parameters: those of `queue.plan_backfill()`.
  package static func find(
    _ parameters: [(any PostgresEncodable)?], asOf: String?, _ session: some PostgresSession
  ) async throws -> [UnmetDependency] {
    let rows = try await session.query("SELECT * FROM queue.unmet_dependencies($1, $2, $3, $4, $5)", parameters)
    return try rows.map { row in
      let upstream: String = try row.decode("upstream")
      let years: [Int] = try row.decode("years")
      let vintage = asOf.map { " --as-of \($0)" } ?? ""
      return UnmetDependency(
        dataset: try row.decode("dataset"), upstream: upstream, years: years, tasks: try row.decode("task_count"),
        command: try row.decode("is_possible")
          ? "aker backfill \(upstream) --years \(YearList(years: years))\(vintage)" : nil)
    }
  }

  /// For people, as a warning.
  package var text: String { reason + (command == nil ? "" : ", or add --with-upstream") }

  package var reason: String {
    let years = YearList(years: years)
    let what = "\(TargetTasks.tasks(tasks)) of \(dataset) would fail: it reads \(upstream)"
    guard let command else { return "\(what), which does not have \(years)" }
    return Advice.missingUpstream.text(["what": what, "years": "\(years)", "command": command])
  }
}
