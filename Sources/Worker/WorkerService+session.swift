import Logging
import Postgres
import Queue
import Telemetry

/// The session by which the worker hears what happens and is known to live.
extension WorkerService {
  func openSession() async throws {
    let isNew = workerID == nil
    let opened = try await WorkerSession.open(
      database, client: client, registration: registration, resuming: workerID,
      hearsAll: settings.filter.datasets != nil || settings.filter.sources != nil)
    workerID = opened.workerID
    logger[metadataKey: "worker"] = "\(opened.workerID)"
    do {
      try await greet(opened, isNew: isNew)
    } catch {
      // Not taken up half: the next try does all of it again.
      await opened.listener?.close()
      throw error
    }
    session = opened
    sessionGeneration += 1
    if drainDeadline == nil { manager.ready(status) }
    if let listener = opened.listener {
      listening = Task { [post, generation = sessionGeneration] in
        for await notification in listener.notifications {
          post.yield(notification.channel == WorkerSession.cancelChannel ? .check : .wake)
        }
        post.yield(.sessionEnded(generation: generation))
      }
    }
    wantsClaim = true
    wantsTick = true
  }

  private func greet(_ opened: WorkerSession, isNew: Bool) async throws {
    if isNew {
      logger.info(
        "worker started",
        metadata: [
          "name": "\(settings.name)", "slots": "\(settings.slots)",
          "wakeup": opened.listener == nil ? "polling (behind a pooler)" : "notifications",
        ])
    } else {
      let released = try await client.releaseUnknown(workerID: opened.workerID, known: keeper.leaseTokens)
      logger.info("connected again", metadata: ["released": "\(released)"])
    }
    if drainDeadline != nil { try await client.drain(workerID: opened.workerID) }
  }

  func closeSession() async {
    await session?.listener?.close()
    session = nil
    await listening?.value
    listening = nil
  }
}
