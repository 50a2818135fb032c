import ArgumentParser
import Base
import Database
import Postgres
import Quality

/// Says what a backfill would do.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a backfill would enqueue and skip, and why; enqueues nothing.",
    discussion: """
      Takes what aker backfill takes. With the requests that go to each source, against its limits and its daily quota, and \
      how long it takes: by those limits, and by what the last partitions of each dataset took. Warns of tasks that would fail, \
      since what they read is neither published nor under way; --with-upstream plans that, too.

      EXAMPLES
        aker plan market_income --years 2009-2023
        aker plan --flow refresh-economic-indicators
        aker plan --all --years 2020 --workers 2 --json
      """)
  @OptionGroup var backfill: BackfillOptions
  @OptionGroup var enqueuing: EnqueueOptions
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: session.isEmbedded)
    try await Self.run(backfill.selection, enqueuing, session, connection, json: options.json)
  }

  /// Plans by the catalog folder, which the database is told of in a transaction that is rolled back. A login that may
  /// not do that plans by what the database knows.
  static func run(
    _ selection: BackfillSelection, _ enqueuing: EnqueueOptions, _ session: Session, _ connection: PostgresConnection,
    json: Bool
  ) async throws {
    let rights = try await LoginRights.read(connection)
    guard rights.operates == true, !rights.isStandby else {
      let chosen = try await selection.choose(session, connection)
      try await chosen.noteWhatDiffers(connection)
      return try await show(chosen, enqueuing, connection, json: json)
    }
    try await connection.withRollback {
      let chosen = try await selection.prepare(session, connection)
      try await show(chosen, enqueuing, connection, json: json)
    }
  }

  private static let plan = "SELECT * FROM queue.plan_backfill($1, $2, $3, $4, $5) ORDER BY dataset, data_year, region"

  static func show(
    _ chosen: ChosenPartitions, _ enqueuing: EnqueueOptions, _ connection: PostgresConnection, json: Bool
  ) async throws {
    let forecast = try await PlanForecast.make(
      chosen, slots: enqueuing.plannedSlots, maxRunning: enqueuing.maxRunning, connection)
    if json {
      let rows = try await connection.query(
        "SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]')::text AS json FROM (\(plan)) p", chosen.parameters)
      return try printJSON(
        Report(
          partitions: try rows[0].decode("json"), configured: chosen.regions.configured(chosen.specs),
          forecast: forecast))
    }
    try await printQuery(
      connection,
      """
      SELECT dataset, count(*) AS partitions, concat_ws('-', min(data_year), nullif(max(data_year), min(data_year))) AS years,
        action || coalesce(': ' || reason, '') AS action
      FROM (\(plan)) p GROUP BY dataset, p.action, reason ORDER BY dataset, p.action, reason
      """, chosen.parameters, json: false, whenEmpty: "nothing was asked for")
    if !forecast.sources.isEmpty { print("\n" + sources(forecast), terminator: "") }
    print("\n\(forecast.tasks.counted("task")) would be enqueued, \(forecast.skipped.counted("partition")) skipped")
    let columns = Terminal.standardOutput.columnLimit ?? .max
    for text in forecast.quotaNotes + [chosen.regions.note(chosen.specs), time(forecast)].compactMap({ $0 }) {
      print(Wrapped.lines(text, columns: columns).joined(separator: "\n"))
    }
    let style = Style(.standardOutput)
    for unmet in forecast.unmet_dependencies {
      let lines = Wrapped.lines("warning: \(unmet.text)", columns: columns)
      print(lines.map(style.yellow).joined(separator: "\n"))
    }
  }

  private struct Report: Encodable {
    var partitions: JSONText
    /// Datasets whose regions come from the settings.
    var configured_regions: [String]
    var forecast: PlanForecast

    init(partitions: String, configured: [String], forecast: PlanForecast) {
      self.partitions = JSONText(partitions)
      configured_regions = configured
      self.forecast = forecast
    }
  }

  private static func sources(_ forecast: PlanForecast) -> String {
    let rows = forecast.sources.map { source in
      [
        source.source, "\(source.requests)\(source.is_least ? " or more" : "")",
        source.per_second.map { "\(SourceEntry.number(($0 * 10).rounded() / 10))/s" } ?? "",
        source.daily_quota.map { "\(source.requests_today) of \($0)" } ?? "",
        source.seconds.map { Frame.duration(Int($0.rounded(.up))) } ?? "",
      ]
    }
    return Table(headings: ["source", "requests", "limit", "used today", "takes"], rows: rows)
      .rendered(Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode)
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
      ", by history \(Frame.duration(Int($0.rounded(.up)))) of work with \(slots)"
    }
    return
      "takes about \(Frame.duration(Int(seconds.rounded(.up))))\(worked ?? ", by the sources' limits alone")\(unknown)"
  }
}
