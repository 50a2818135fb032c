import ArgumentParser
import Postgres

/// Says what a backfill would do.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a backfill would enqueue and skip, and why; enqueues nothing.",
    discussion: """
      EXAMPLES
        aker plan market_income --years 2009-2023
        aker plan --flow refresh-economic-indicators
        aker plan --all --years 2020 --json
      """)
  @OptionGroup var backfill: BackfillOptions
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: true)
    let chosen = try await backfill.selection.prepare(session, connection)
    try await Self.show(chosen, connection, json: options.json)
  }

  static func show(_ chosen: ChosenPartitions, _ connection: PostgresConnection, json: Bool) async throws {
    let plan = "SELECT * FROM queue.plan_backfill($1, $2, $3, $4, $5)"
    let parameters = chosen.parameters
    if json {
      return try await printQuery(connection, plan, parameters, json: true, whenEmpty: "")
    }
    try await printQuery(
      connection,
      """
      SELECT dataset, action, coalesce(reason, '') AS reason, count(*) AS partitions,
        min(data_year) || '-' || max(data_year) AS years
      FROM (\(plan)) p GROUP BY dataset, action, reason ORDER BY dataset, action, reason
      """, parameters, json: false, whenEmpty: "nothing was asked for")
    let rows = try await connection.query(
      "SELECT count(*) FILTER (WHERE action = 'enqueue') AS tasks, count(*) FILTER (WHERE action = 'skip') AS skipped FROM (\(plan)) p",
      parameters)
    print(
      "\n\(try rows[0].decode("tasks", as: Int.self)) tasks would be enqueued, \(try rows[0].decode("skipped", as: Int.self)) partitions skipped"
    )
  }
}
