import ArgumentParser
import Console
import Postgres

/// The state of everything, on one screen.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "The dataset × year grid, the open backfills, and what is paused or cooling down.",
    discussion: """
      Each cell is two facts: what the data is, and what the last work on it does or did. Failed means failed now: what was \
      published since, or has a task of a later backfill, is history (aker tasks --all).

      EXAMPLES
        aker status
        aker status --json
      """)
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    let cells = try await StatusCell.list(connection)
    if options.json { return try printJSON(cells) }
    let style = Style(.standardOutput)
    if cells.isEmpty {
      print(Advice.nothingYet.text())
    } else {
      let grid = Grid(cells.map { ($0.dataset, $0.data_year, $0.cell) })
      print(grid.rendered(columns: Terminal.standardOutput.size.columns, style: style, unicode: Terminal.isUnicode))
      print(grid.legend(style: style, unicode: Terminal.isUnicode) + "\n")
    }
    let overview = try await OverviewLine.list(connection)
    printTable(
      ["item", "value", "detail"], overview.map { [$0.item, $0.value, $0.detail ?? ""] }, whenEmpty: "")
    if cells.contains(where: { $0.cell.failed > 0 }) {
      print("\n" + Advice.whatFailed.text())
    }
  }
}
