internal import Telemetry

/// Sessions for callers that come and go: opened when needed, kept for the next, replaced when broken.
package actor PostgresPool {
  package nonisolated let configuration: PostgresConfiguration
  private let maximumCount: Int
  private var idle: [PostgresConnection] = []
  private var openCount = 0
  private var waiters: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
  private var waiterCount = 0

  package init(_ configuration: PostgresConfiguration, maximumCount: Int) {
    self.configuration = configuration
    self.maximumCount = max(1, maximumCount)
  }

  /// Lends a session to `body`. A session that broke is not lent again; the next caller gets a new one.
  package func withConnection<Result: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    try await lend(take(), body)
  }

  private func lend<Result: Sendable>(
    _ connection: PostgresConnection, _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    do {
      let result = try await body(connection)
      await give(connection)
      return result
    } catch {
      await give(connection)
      throw error
    }
  }

  /// The same for what can do without: nil where no session is to spare, or none can be opened.
  package func withSpareConnection<Result: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result? {
    guard waiters.isEmpty, !idle.isEmpty || openCount < maximumCount, let connection = try? await take() else {
      return nil
    }
    return try await lend(connection, body)
  }

  package func close() async {
    let connections = idle
    idle = []
    openCount -= connections.count
    for connection in connections { await connection.close() }
  }

  private func take() async throws -> PostgresConnection {
    while idle.isEmpty && openCount >= maximumCount {
      let wait = AttemptWaits.begin("a session with the database, all of which are in use")
      defer { wait?.end() }
      try await waitForOne()
    }
    if let connection = idle.popLast() { return connection }
    openCount += 1
    do {
      return try await PostgresConnection.connect(configuration)
    } catch {
      openCount -= 1
      wakeOne()
      throw error
    }
  }

  private func waitForOne() async throws {
    waiterCount += 1
    let number = waiterCount
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { return continuation.resume() }
        waiters.append((number, continuation))
      }
    } onCancel: {
      Task { await self.wake(number) }
    }
    guard Task.isCancelled else { return }
    // Woken for a session that is free by now: the next one takes it.
    if !idle.isEmpty || openCount < maximumCount { wakeOne() }
    throw CancellationError()
  }

  private func wake(_ number: Int) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    waiters.remove(at: index).continuation.resume()
  }

  private func give(_ connection: PostgresConnection) async {
    if await connection.isBroken {
      openCount -= 1
    } else {
      idle.append(connection)
    }
    wakeOne()
  }

  private func wakeOne() {
    if !waiters.isEmpty { waiters.removeFirst().continuation.resume() }
  }
}
