package import Catalog
package import Configuration
package import Postgres

/// Enqueues flows that are due, each once, whoever asks and how often.
package struct FlowEnqueue: Sendable {
  package let configuration: AkerConfiguration

  package init(_ configuration: AkerConfiguration) {
    self.configuration = configuration
  }

  /// A minute of UTC in which flows may be due.
  package struct Minute: Sendable {
    package var minute: CronSchedule.Minute
    /// `2024-06-30T14:05`: part of the keys of what is enqueued for it.
    package var name: String
    package var year: Int
  }

  /// Those after `since`, up to now by the database's clock.
  ///
  /// - Parameter lookBack: how many minutes at the most.
  package static func minutes(
    since: String?, lookBack: Int, _ session: some PostgresSession
  ) async throws -> [Minute] {
    try await session.query(
      """
      SELECT to_char(t, 'YYYY-MM-DD"T"HH24:MI') AS name, extract(year FROM t)::int AS year,
        extract(month FROM t)::int AS month, extract(day FROM t)::int AS day, extract(dow FROM t)::int AS weekday,
        extract(hour FROM t)::int AS hour, extract(minute FROM t)::int AS minute
      FROM generate_series(
        greatest(
          date_trunc('minute', now() AT TIME ZONE 'UTC') - make_interval(mins => $1),
          to_timestamp($2, 'YYYY-MM-DD"T"HH24:MI')::timestamp + interval '1 minute'),
        now() AT TIME ZONE 'UTC', interval '1 minute') AS t
      """, [lookBack, since]
    ).map { row in
      Minute(
        minute: CronSchedule.Minute(
          minute: try row.decode("minute"), hour: try row.decode("hour"), day: try row.decode("day"),
          month: try row.decode("month"), weekday: try row.decode("weekday")),
        name: try row.decode("name"), year: try row.decode("year"))
    }
  }

  package struct Outcome: Sendable {
    package var backfillID: Int64
    package var taskCount: Int
    package var unmet: [UnmetDependency]
  }

  /// Enqueues a flow for the minute in which it was due.
  ///
  /// - Returns: nil where that was done already.
  package func enqueue(
    _ flow: FlowDefinition, at minute: Minute, _ connection: PostgresConnection
  ) async throws -> Outcome? {
    let key = "\(flow.name) \(minute.name)"
    let known = try await connection.query("SELECT FROM queue.backfill WHERE backfill_key = $1", [key])
    guard known.isEmpty else { return nil }
    let folder = try CatalogLoading.folder(configuration)
    let specs = try CatalogLoading.select(flow.datasets, from: folder)
    try await CatalogLoading.apply(specs, from: folder, configuration, connection)
    let years = flow.defaultYears(currentYear: minute.year)
    let regions = try RegionChoice(configuration, folder).parameter
    let unmet = try await UnmetDependency.find([flow.datasets, years, nil, regions, "all"], asOf: nil, connection)
    let row = try await connection.one(
      "SELECT * FROM queue.enqueue_backfill($1, $2, regions => $3, mode => 'all', backfill_key => $4, note => $5)",
      [flow.datasets, years, regions, key, "flow \(flow.name)"])
    return Outcome(
      backfillID: try row.decode("backfill_id"), taskCount: try row.decode("enqueued"), unmet: unmet)
  }
}
