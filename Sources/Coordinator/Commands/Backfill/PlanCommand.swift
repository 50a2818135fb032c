import ArgumentParser
import Base
import Console
import Database

/// Says what a backfill would do.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a backfill would enqueue and skip, and why; enqueues nothing.",
    discussion: """
      Takes what aker backfill takes. With the requests that go to each source, against its limits and its daily quota, and \
      how long it takes: by those limits, and by what the last partitions of each dataset took. Then what a full run costs, the \
      country and its whole history, in the words of the dataset's page. Warns of tasks that would fail, \
      since what they read is neither published nor under way (--with-upstream plans that, too), since a source's key is not \
      set, or since a source is off.

      EXAMPLES
        aker plan market_income --years 2009-2023
        aker plan --flow refresh-economic-indicators
        aker plan --all --years 2020 --workers 2 --json
      """)
  @OptionGroup var backfill: BackfillOptions
  @OptionGroup var enqueuing: EnqueueOptions
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await Self.show(backfill.selection, enqueuing, options)
  }

  /// Plans, and shows the plan. The database stays as it is.
  static func show(
    _ selection: BackfillSelection, _ enqueuing: EnqueueOptions, _ options: GlobalOptions
  ) async throws {
    let session = try await Session.openExisting(options)
    let connection = try await session.connectToLook()
    let rights = try await LoginRights.read(connection)
    let plan = try await selection.plan(
      slots: enqueuing.plannedSlots, maxRunning: enqueuing.maxRunning, detail: options.json,
      mayApply: rights.operates == true && !rights.isStandby, session.configuration, connection)
    if let note = plan.note { Terminal.standardError.write("note: \(note)\n") }
    let missing = try Readiness(specs: plan.specs, configuration: session.configuration).notesOfSettings()
    if options.json {
      for text in missing { Terminal.standardError.write("warning: \(text)\n") }
      return try printJSON(plan)
    }
    let terminal = Terminal.standardOutput
    let columns = terminal.columnLimit ?? .max
    terminal.write(groups(plan))
    let forecast = plan.forecast
    if !forecast.sources.isEmpty { print("\n" + sources(forecast), terminator: "") }
    print("\n\(forecast.tasks.counted("task")) would be enqueued, \(forecast.skipped.counted("partition")) skipped")
    for text in forecast.quotaNotes + [plan.regionNote, time(forecast)].compactMap({ $0 }) {
      print(Wrapped.lines(text, columns: columns).joined(separator: "\n"))
    }
    for text in fullRuns(plan) { print(Wrapped.lines(text, columns: columns).joined(separator: "\n")) }
    let style = Style(.standardOutput)
    for text in missing + forecast.unmet_dependencies.map(\.text) {
      let lines = Wrapped.lines("warning: \(text)", columns: columns)
      print(lines.map(style.yellow).joined(separator: "\n"))
    }
  }

  private static func groups(_ plan: Plan) -> String {
    guard !plan.groups.isEmpty else { return "nothing was asked for\n" }
    let rows = plan.groups.map { group in
      let (first, last) = (group.years.lowerBound, group.years.upperBound)
      return [
        group.dataset, "\(group.count)", first == last ? "\(first)" : "\(first)-\(last)",
        group.action.rawValue + (group.reason.map { ": \($0)" } ?? ""),
      ]
    }
    return Table(headings: ["dataset", "partitions", "years", "action"], rows: rows)
      .rendered(Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode)
  }

  private static func sources(_ forecast: PlanForecast) -> String {
    func limit(_ perSecond: Double?) -> String {
      guard let perSecond else { return "" }
      return SourceEntry.number((perSecond * 10).rounded() / 10) + "/s"
    }
    let rows = forecast.sources.map { source in
      [
        source.source, "\(source.requests)\(source.is_least ? " or more" : "")",
        source.bytes.map { ByteCount($0).text } ?? "",
        limit(source.per_second),
        source.daily_quota.map { "\(source.requests_today) of \($0)" } ?? "",
        source.seconds.map { readableDuration(Int($0.rounded(.up))) } ?? "",
      ]
    }
    return Table(headings: ["source", "requests", "about", "limit", "used today", "takes"], rows: rows)
      .rendered(Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode)
  }

  private static func fullRuns(_ plan: Plan) -> [String] {
    guard plan.full_runs.count <= mostNames else {
      return ["what a full run of each costs: aker plan with its name alone, or its page of docs/datasets"]
    }
    return plan.full_runs.flatMap { run in [run.text[0]] + run.text.dropFirst().map { "  \($0)" } }
  }

  /// More are counted.
  private static let mostNames = 3

  private static func named(_ datasets: [String]) -> String {
    datasets.count > mostNames ? datasets.count.counted("dataset") : datasets.joined(separator: ", ")
  }

  /// Nil where there is nothing to do.
  private static func time(_ forecast: PlanForecast) -> String? {
    guard forecast.tasks > 0 else { return nil }
    let slots = forecast.slots.counted("slot")
    let unknown =
      forecast.without_history.isEmpty
      ? "" : "; \(named(forecast.without_history)) never ran, and may add to it"
    guard let seconds = forecast.seconds else { return "how long it takes is not known: nothing like it ran yet" }
    let worked = forecast.worked_seconds.map {
      ", by history \(readableDuration(Int($0.rounded(.up)))) of work with \(slots)"
    }
    return
      "takes about \(readableDuration(Int(seconds.rounded(.up))))\(worked ?? ", by the sources' limits alone")\(unknown)"
  }
}
