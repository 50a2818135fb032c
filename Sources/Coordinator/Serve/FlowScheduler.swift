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
    let minutes = try await FlowEnqueue.minutes(since: since, lookBack: Self.lookBackMinutes, connection)
    var failed = false
    for flow in flows {
      // What was due several times while nothing served is refreshed once.
      guard let due = minutes.last(where: { flow.schedule?.isDue(at: $0.minute) == true }) else { continue }
      do {
        try await enqueue(flow, at: due, connection)
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

  private func enqueue(
    _ flow: FlowDefinition, at minute: FlowEnqueue.Minute, _ connection: PostgresConnection
  ) async throws {
    guard let enqueued = try await FlowEnqueue(session.configuration).enqueue(flow, at: minute, connection) else {
      return
    }
    for unmet in enqueued.unmet {
      logger.warning("tasks of a flow will fail", metadata: ["flow": "\(flow.name)", "reason": "\(unmet.reason)"])
    }
    logger.notice(
      "a flow is due",
      metadata: [
        "flow": "\(flow.name)", "backfill": "\(enqueued.backfillID)", "tasks": "\(enqueued.taskCount)",
      ])
  }
}
