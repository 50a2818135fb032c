import ArgumentParser
import Console
import Postgres

/// The state of everything, on one screen.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "The dataset × year grid, the open backfills, and what is paused or cooling down.",
    discussion: """
      EXAMPLES
        aker status
        aker status --json
      """)
  @OptionGroup var options: GlobalOptions

  /// Each cell's last task, or what is published where no task is kept.
  private static let cells = """
    SELECT DISTINCT ON (dataset, data_year) dataset, data_year, total, completed, failed, cancelled, running, blocked, is_paused,
      coalesce(w.warned, 0) AS warned
    FROM (
      SELECT g.dataset, g.data_year, g.total, g.completed, g.failed, g.cancelled, g.running, g.blocked,
        l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL AS is_paused, g.backfill_id
      FROM queue.grid g JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id)
      UNION ALL
      SELECT dataset, data_year, count(*), count(*), 0, 0, 0, 0, false, 0 FROM lake.current GROUP BY dataset, data_year
    ) known LEFT JOIN quality.warned_cell w USING (dataset, data_year) ORDER BY dataset, data_year, backfill_id DESC
    """

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    if options.json {
      return try await printQuery(connection, Self.cells, json: true, whenEmpty: "")
    }
    let style = Style(.standardOutput)
    let rows = try await connection.query(Self.cells)
    if rows.isEmpty {
      print("nothing was backfilled yet: aker backfill --help")
    } else {
      let grid = Grid(
        try rows.map { (try $0.decode("dataset"), try $0.decode("data_year"), try GridCell($0)) })
      print(grid.rendered(columns: Terminal.standardOutput.size.columns, style: style, unicode: Terminal.isUnicode))
      print(grid.legend(style: style, unicode: Terminal.isUnicode) + "\n")
    }
    try await printQuery(connection, "SELECT item, value, detail FROM queue.overview", json: false, whenEmpty: "")
    if try rows.contains(where: { try $0.decode("failed", as: Int.self) > 0 }) {
      print("\nwhat failed, and why: aker tasks --state failed")
    }
  }
}
