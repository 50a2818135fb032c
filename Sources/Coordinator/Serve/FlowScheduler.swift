import Base
import Catalog
import Configuration
import Console
import FoundationEssentials
import Logging
import Postgres
import Queue
import ServiceLifecycle

/// Enqueues each flow of `flows.yml` when it is due, by the database's clock.
///
/// Any number may run at once, and be restarted at any time: the minute a flow is due is part of its backfill's key, under
/// which a partition is one task.
struct FlowScheduler: Service {
  let session: Session
  private let logger = Logger(label: "aker.serve")

  init(session: Session) {
    self.session = session
  }

  private static let interval = Duration.seconds(10)
  /// What fell due while nothing ran is still enqueued after this long.
  private static let lookBackMinutes = 60

  func run() async throws {
    var since: String?
    while !Task.isShuttingDownGracefully && !Task.isCancelled {
      do {
        let connection = try await session.connect()
        since = try await enqueueDue(since: since, connection)
        await connection.close()
      } catch let failure as Failure where failure.code == .unavailable {
        logger.warning("no flow can be enqueued", metadata: ["reason": "\(failure.message)"])
      } catch let error as PostgresError where QueueTrouble(error) != .hopeless {
        logger.warning("no flow can be enqueued", metadata: ["reason": "\(error.summary)"])
      } catch is CancellationError {
        break
      }
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
    }
  }

  /// Enqueues what fell due after the minute `since`.
  ///
  /// - Returns: the minute to go on from.
  func enqueueDue(since: String?, _ connection: PostgresConnection) async throws -> String? {
    let file = session.configuration.catalogPath + "/flows.yml"
    guard let text = FileManager.default.contents(atPath: file) else { return since }
    let (flows, problems) = FlowDefinition.read(String(decoding: text, as: UTF8.self), file: file)
    for problem in problems where problem.severity == .error { logger.warning("\(problem)") }
    let minutes = try await minutes(since: since, connection)
    var failed = false
    for flow in flows {
      // What was due several times while nothing served is refreshed once.
      guard let due = minutes.last(where: { flow.schedule?.isDue(at: $0.minute) == true }) else { continue }
      do {
        try await enqueue(flow, at: due.name, currentYear: due.year, connection)
      } catch let error as PostgresError where error.errorClass == .transient {
        throw error
      } catch {
        // A mistake in the catalog: the other flows may be in order, and this one is tried again until its hour is over.
        logger.error(
          "a flow cannot be enqueued",
          metadata: ["flow": "\(flow.name)", "reason": "\((error as? any ClassifiedError)?.summary ?? "\(error)")"])
        failed = true
      }
    }
    return failed ? since : minutes.last?.name ?? since
  }

  private func minutes(
    since: String?, _ connection: PostgresConnection
  ) async throws -> [(minute: CronSchedule.Minute, name: String, year: Int)] {
    let rows = try await connection.query(
      """
      SELECT to_char(t, 'YYYY-MM-DD"T"HH24:MI') AS name, extract(year FROM t)::int AS year, extract(month FROM t)::int AS month,
        extract(day FROM t)::int AS day, extract(dow FROM t)::int AS weekday, extract(hour FROM t)::int AS hour,
        extract(minute FROM t)::int AS minute
      FROM generate_series(
        greatest(
          date_trunc('minute', now() AT TIME ZONE 'UTC') - make_interval(mins => $1),
          to_timestamp($2, 'YYYY-MM-DD"T"HH24:MI')::timestamp + interval '1 minute'),
        now() AT TIME ZONE 'UTC', interval '1 minute') AS t
      """, [Self.lookBackMinutes, since])
    return try rows.map { row in
      let minute = CronSchedule.Minute(
        minute: try row.decode("minute"), hour: try row.decode("hour"), day: try row.decode("day"),
        month: try row.decode("month"), weekday: try row.decode("weekday"))
      return (minute, try row.decode("name"), try row.decode("year"))
    }
  }

  private func enqueue(
    _ flow: FlowDefinition, at minute: String, currentYear: Int, _ connection: PostgresConnection
  ) async throws {
    let key = "\(flow.name) \(minute)"
    let known = try await connection.query("SELECT FROM queue.backfill WHERE backfill_key = $1", [key])
    guard known.isEmpty else { return }
    let folder = try CatalogLoading.folder(session.configuration)
    let specs = try CatalogLoading.select(flow.datasets, from: folder)
    try await CatalogLoading.apply(specs, from: folder, session.configuration, connection)
    let years = flow.defaultYears(currentYear: currentYear)
    let regions = try RegionChoice(session.configuration, folder).parameter
    for unmet in try await UnmetDependency.find([flow.datasets, years, nil, regions, "all"], asOf: nil, connection) {
      logger.warning("tasks of a flow will fail", metadata: ["flow": "\(flow.name)", "reason": "\(unmet.reason)"])
    }
    let row = try await connection.one(
      "SELECT * FROM queue.enqueue_backfill($1, $2, regions => $3, mode => 'all', backfill_key => $4, note => $5)",
      [flow.datasets, years, regions, key, "flow \(flow.name)"])
    let (id, count) = (try row.decode("backfill_id", as: Int64.self), try row.decode("enqueued", as: Int.self))
    logger.notice("a flow is due", metadata: ["flow": "\(flow.name)", "backfill": "\(id)", "tasks": "\(count)"])
  }
}
