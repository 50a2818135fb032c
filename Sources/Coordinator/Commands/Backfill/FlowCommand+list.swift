import ArgumentParser
import Catalog
import CatalogTools
import Settings
import Console
import Postgres
import Schedule

extension FlowCommand {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls",
      abstract: "List the flows: when each is due, what became of its last due time, which datasets and years.",
      discussion: """
        Flows are read from catalog/flows.yml; due times are the coordinator's (aker serve), which has to have read the file once.

        EXAMPLES
          aker flow ls
          aker flow ls --json
        """)
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let configuration = try options.configuration()
      let folder = try CatalogLoading.folder(configuration)
      let (database, reason) = await Session.databaseToRead(configuration)
      var states: [String: FlowLedger.State] = [:]
      if let database {
        let connection = try await PostgresConnection.connect(database)
        for state in try await FlowLedger(connection).states() { states[state.flow] = state }
        await connection.close()
      }
      let lines = folder.flows.map { FlowLine($0, states[$0.name]) }
      if options.json { return try printJSON(lines) }
      if lines.isEmpty { return print("the catalog has no flows.yml") }
      let terminal = Terminal.standardOutput
      let style = Style(terminal)
      for line in lines { terminal.write(line.text(style, columns: terminal.columnLimit)) }
      print("years are counted from the due one; run one now: aker flow run \(lines[0].name)")
      if let reason {
        print("when they are due next is not known here (\(reason))")
      } else if states.isEmpty {
        print("none is enqueued by itself yet: aker serve does that, once it runs")
      }
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a flow's due times, the latest first, and what became of each.",
      discussion: """
        fired: enqueued as that backfill. waiting: for the backfill before, or for its moment. coalesced: a later one stands for it. \
        skipped: on purpose (paused, or the backfill before had not ended). missed: nobody served in time.

        EXAMPLES
          aker flow history refresh-economic-indicators
          aker flow history collect-permits --limit 100 --json
        """)
    @Argument(help: "The flow, as aker flow ls names it.") var flow: String
    @Option(help: "At most so many.") var limit = 20
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      let ledger = FlowLedger(connection)
      let (due, states) = (try await ledger.history(flow, limit: limit), try await ledger.states())
      await connection.close()
      let state = states.first { $0.flow == flow }
      if due.isEmpty && state == nil {
        _ = try CatalogLoading.flow(flow, from: CatalogLoading.folder(try options.configuration()))
      }
      if options.json { return try printJSON(due) }
      if due.isEmpty {
        print("it was never due yet")
      } else {
        let table = Table(
          headings: ["due (UTC)", "fate", "backfill", "why"],
          rows: due.map { item in
            let hand = item.triggered_by.map { "triggered by \($0)" }
            return [item.due_at.shown(), item.fate, item.backfill_id.map(String.init) ?? "", item.reason ?? hand ?? ""]
          })
        let terminal = Terminal.standardOutput
        terminal.write(table.rendered(Style(terminal), columns: terminal.columnLimit))
      }
      print(
        state?.next_due_at.map { "next due \($0.shown()) UTC" }
          ?? (state == nil
            ? "aker serve has not read this flow yet" : "not due by the clock: aker flow trigger \(flow)"))
    }
  }
}

extension FlowLine {
  /// A flow in a few lines: five datasets, a schedule and a fate do not fit beside each other.
  func text(_ style: Style, columns: Int?) -> String {
    let years =
      first_year == last_year
      ? "year \(Self.signed(first_year))" : "years \(Self.signed(first_year)) to \(Self.signed(last_year))"
    var facts = [
      title, "\(schedule_in_words.map { "\($0) (\(time_zone))" } ?? "by hand"); \(years)",
      datasets.joined(separator: ", "),
    ]
    if let state {
      if let since = state.paused_at { facts.append("paused since \(since.shown()) UTC: \(state.pause_reason ?? "")") }
      if let due = state.next_due_at, state.paused_at == nil { facts.append("next due \(due.shown()) UTC") }
      if let due = state.last_due_at, let fate = state.last_fate {
        let end = state.last_backfill_id.map { " as backfill \($0)" } ?? state.last_reason.map { ": \($0)" } ?? ""
        facts.append("last due \(due.shown()) UTC, \(fate)\(end)")
      }
      if let trouble = state.trouble { facts.append("\(Self.refused): \(trouble)") }
      if state.missed_count > 0 { facts.append("\(state.missed_count) missed: aker flow history \(name)") }
    }
    let lines = facts.flatMap { Wrapped.lines($0, columns: columns.map { max(40, $0 - 2) } ?? .max) }
    let shown = lines.map { "  " + ($0.hasPrefix(Self.refused) ? style.red($0) : $0) }
    return ([style.bold(name)] + shown).joined(separator: "\n") + "\n\n"
  }

  private static let refused = "cannot be enqueued"

  private static func signed(_ year: Int) -> String { year > 0 ? "+\(year)" : "\(year)" }
}
