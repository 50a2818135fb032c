import Database
import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A session keeps its plans, and the first may be made while a table holds one row. Each must do for what comes later, too.
@Suite(.database)
struct EarlyPlanTests {
  private static let taskCount = 2000

  /// Plans are made on tables that were analyzed with one task in them; then two datasets of so many tasks, of which one waits
  /// for the other, are worked through. Each plan that is run is told to the client.
  @Test func noPlanReadsAWholeTableForEachTask() async throws {
    let fixture = try await QueueFixture.make([("small", [])])
    try await fixture.enqueue(["small"], years: 2001...2006)
    let regions = (1...Self.taskCount / 10).map { "r\($0)" }
    try await fixture.declare("up", regions: regions)
    try await fixture.declare("down", dependsOn: ["up"], regions: regions)
    let completed = "jsonb '{\"outcome\": \"published\", \"warnings\": 0}'"
    func round(_ table: String, _ slots: Int) -> String {
      """
      CREATE TEMPORARY TABLE \(table) AS SELECT task_id, lease_token FROM queue.claim(:worker, \(slots));
      SELECT FROM queue.tick(:worker, (SELECT array_agg(lease_token) FROM \(table)));
      SELECT FROM queue.complete_many((SELECT array_agg(task_id) FROM \(table)), (SELECT array_agg(lease_token) FROM \(table)),
        (SELECT array_agg(\(completed)) FROM \(table)));
      SELECT queue.tidy();
      """
    }
    let script = """
      SELECT queue.register_worker('worker', 'host', 1, 'test', 10000) AS worker \\gset
      SELECT FROM queue.claim(:worker, 1);
      VACUUM ANALYZE;
      \(round("first", 1))
      LOAD 'auto_explain';
      SET auto_explain.log_min_duration = 0;
      SET auto_explain.log_nested_statements = on;
      SET auto_explain.log_analyze = on;
      SET auto_explain.log_timing = off;
      SET client_min_messages = log;
      SELECT FROM queue.enqueue_backfill('{up,down}', ARRAY(SELECT generate_series(2001, 2010)), '2024-06');
      \(round("ups", Self.taskCount))
      \(round("downs", Self.taskCount))
      """
    let database = fixture.database
    // Our sessions undo what a database may be set to; psql's does not.
    try await database.connectAsSuperuser().execute("ALTER DATABASE \"\(database.name)\" RESET ALL")
    let ran = try await Program.run(
      "\(PostgresBinaries.found)/psql",
      ["-X", "-q", "-v", "ON_ERROR_STOP=1", database.cluster.configuration(database: database.name).dsn], input: script)
    try #require(ran.exitCode == 0, "\(ran)")
    let plans = ran.errorOutput.components(separatedBy: "plan:\n")
    // A claim of all, a completion of all, and what they call.
    #expect(plans.count > 50, "\(plans.count) plans were told")
    for plan in plans {
      let removed = plan.matches(of: /Rows Removed by [A-Za-z ]*Filter: (\d+)/).compactMap { Int($0.1) }.max() ?? 0
      #expect(removed <= 10 * Self.taskCount, "\(plan.prefix(3000))")
    }
  }
}
