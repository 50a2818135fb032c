internal import Exposition
internal import FoundationEssentials
internal import Postgres

/// Metrics and health of the service: one query each, and none for whether it lives.
struct Probes: Sendable {
  let pool: PostgresPool
  let hub: EventHub

  static let listeners = MetricFamily("aker_event_listeners", .gauge, "Open streams of /events.")

  /// - Returns: what fails, a line each, or `ok`.
  func ready() async -> (Bool, String) {
    do {
      let row = try await pool.withConnection { connection in
        try await connection.one(
          """
          SELECT pg_is_in_recovery() AS standby, coalesce(expires_at > clock_timestamp(), false) AS led
          FROM schedule.leader
          """)
      }
      var failing: [String] = []
      if try row.decode("standby", as: Bool.self) { failing.append("database: it is a read-only standby") }
      if try !row.decode("led", as: Bool.self) { failing.append("leader: no coordinator leads") }
      return failing.isEmpty ? (true, "ok\n") : (false, failing.joined(separator: "\n") + "\n")
    } catch let error as PostgresError where error.isConnectionFailure {
      return (false, "database: it cannot be reached\n")
    } catch {
      return (false, "database: it does not answer as it should\n")
    }
  }

  func metrics(_ format: MetricsPage.Format) async throws -> String {
    let rows = try await pool.withConnection { connection in
      try await connection.query("SELECT name, labels, value FROM service.metrics()")
    }
    var samples: [String: [MetricsPage.Sample]] = [:]
    for row in rows {
      let words = try row.decode("labels", as: [String].self)
      let labels = stride(from: 0, to: words.count - 1, by: 2).map { (name: words[$0], value: words[$0 + 1]) }
      samples[try row.decode("name"), default: []].append(.init(labels: labels, value: try row.decode("value")))
    }
    var page = MetricsPage(format)
    for family in QueueMetrics.families { page.add(family, samples[family.name] ?? []) }
    page.add(Self.listeners, [.init(value: Double(await hub.listenerCount))])
    ProcessMetrics.shared.write(to: &page)
    ProcessFigures.write(to: &page)
    return page.rendered()
  }
}
