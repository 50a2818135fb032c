internal import CLibpq
internal import Dispatch
internal import Glibc

/// A session that LISTENs. Its stream yields what arrives and ends when the connection breaks: whoever reads it then
/// opens another, and polls once, since notifications may have been missed in between.
///
/// The same session can hold session-wide state of the listener, such as an advisory lock (`execute`), which the server
/// then drops when the process dies.
package actor PostgresListener {
  /// Ends when the connection breaks or the listener is closed.
  package nonisolated let notifications: AsyncStream<PostgresNotification>
  private nonisolated let continuation: AsyncStream<PostgresNotification>.Continuation
  private let connection: PostgresConnection
  private var source: (any DispatchSourceRead)?
  /// Ends when Dispatch has let go of the socket: closed any sooner, its number may be another file's by then, and Dispatch
  /// crashes.
  private let released: AsyncStream<Never>
  private let release: AsyncStream<Never>.Continuation

  package nonisolated var unownedExecutor: UnownedSerialExecutor { connection.unownedExecutor }

  private init(connection: PostgresConnection) {
    self.connection = connection
    (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    (released, release) = AsyncStream.makeStream()
  }

  isolated deinit {
    source?.cancel()
    continuation.finish()
  }

  package static func connect(
    _ configuration: PostgresConfiguration, channels: [String]
  ) async throws -> PostgresListener {
    let listener = PostgresListener(connection: try await PostgresConnection.connect(configuration))
    try await listener.start(channels)
    return listener
  }

  /// Runs a statement on the listening session.
  package func query(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> [PostgresRow] {
    let rows = try await connection.query(sql, parameters)
    drain()  // a notification may have come along with the answer, and would wait for the next byte otherwise
    return rows
  }

  package var backendPID: Int32 {
    get async { await connection.backendPID }
  }

  package func close() async {
    source?.cancel()
    source = nil
    continuation.finish()
    for await _ in released {}
    await connection.close()
  }

  private func start(_ channels: [String]) async throws {
    var isWatched = false
    defer { if !isWatched { release.finish() } }
    for channel in channels {
      let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      _ = try await connection.query("LISTEN \"\(quoted)\"")
    }
    let socket = try await connection.socket()
    let source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: connection.queue)
    source.setEventHandler { [weak self] in
      self?.assumeIsolated { $0.drain() }
    }
    // It keeps the connection, and with it the socket, until then.
    source.setCancelHandler { [connection, release] in
      release.finish()
      _ = connection
    }
    self.source = source
    isWatched = true
    source.activate()
    drain()
  }

  private func drain() {
    // Both actors run on the one queue, so the connection's state may be touched from here.
    let (received, isAlive) = connection.assumeIsolated { $0.receiveNotifications() }
    received.forEach { continuation.yield($0) }
    if !isAlive {
      source?.cancel()
      source = nil
      continuation.finish()
    }
  }
}

extension PostgresConnection {
  nonisolated var queue: DispatchQueue { executor.queue }

  func socket() throws -> Int32 {
    PQsocket(try live())
  }

  func receiveNotifications() -> (notifications: [PostgresNotification], isAlive: Bool) {
    guard let handle else { return ([], false) }
    // All that is there, and not only what one read takes: where the server's last words and the end of the connection come
    // together, Dispatch tells of both at once, and never again.
    var isAlive = PQconsumeInput(handle) == 1
    while isAlive, Self.isReadable(PQsocket(handle)) { isAlive = PQconsumeInput(handle) == 1 }
    var received: [PostgresNotification] = []
    while let notification = PQnotifies(handle) {
      received.append(
        PostgresNotification(
          channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)))
      PQfreemem(notification)
    }
    return (received, isAlive)
  }

  private static func isReadable(_ socket: Int32) -> Bool {
    var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) == 1
  }
}
