internal import CLibpq
internal import Telemetry

extension PostgresConnection {
  /// Streams into `COPY ... FROM STDIN`. `body` writes; memory stays that of a chunk.
  ///
  /// When `body` throws or its task is cancelled, the COPY fails on the server and nothing of it is kept.
  /// - Returns: the rows copied.
  @discardableResult
  package func copyIn(_ sql: String, _ body: @Sendable (PostgresCopyWriter) async throws -> Void) async throws -> Int {
    if openTransaction == nil {
      // The transaction keeps other callers off the connection while `body` is away.
      return try await withTransaction { try await $0.copyIn(sql, body) }
    }
    return try await performCopyIn(sql, body)
  }

  func performCopyIn(
    _ sql: String, _ body: @Sendable (PostgresCopyWriter) async throws -> Void
  ) async throws -> Int {
    let started = try run(sql, [])
    guard PQresultStatus(started.handle) == PGRES_COPY_IN else {
      throw PostgresError(.usage, "the statement did not start a COPY from the client: \(sql)")
    }
    do {
      try await body(PostgresCopyWriter(connection: self))
      try Task.checkCancellation()
    } catch {
      try endCopy(failure: String(describing: error))
      throw error
    }
    return try endCopy(failure: nil)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    let handle = try live()
    guard let start = bytes.baseAddress else { return }
    let chunk = start.assumingMemoryBound(to: CChar.self)
    let wait = AttemptWaits.begin("the database to take rows")
    defer { wait?.end() }
    guard PQputCopyData(handle, chunk, Int32(bytes.count)) == 1 else {
      throw PostgresError(.connection, Self.message(handle))
    }
  }

  @discardableResult
  private func endCopy(failure: String?) throws -> Int {
    let handle = try live()
    guard PQputCopyEnd(handle, failure) == 1 else { throw PostgresError(.connection, Self.message(handle)) }
    do {
      return try finish(handle, isCancellable: failure == nil).affectedCount
    } catch let error as PostgresError where failure != nil && !error.isConnectionFailure {
      return 0  // the error that we asked for by failing the COPY
    }
  }

  /// Runs `COPY ... TO STDOUT` and hands each chunk (a row, in text and CSV format) to `body` as it arrives.
  ///
  /// - Returns: the rows copied.
  @discardableResult
  package func copyOut(_ sql: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Int {
    try requireNoTransaction()
    let handle = try live()
    let started = try run(sql, [])
    guard PQresultStatus(started.handle) == PGRES_COPY_OUT else {
      throw PostgresError(.usage, "the statement did not start a COPY to the client: \(sql)")
    }
    var failure: (any Error)?
    var chunk: UnsafeMutablePointer<CChar>?
    while true {
      let length = PQgetCopyData(handle, &chunk, 0)
      if length == -1 { break }
      if length == -2 { throw PostgresError(.connection, Self.message(handle)) }
      defer { PQfreemem(chunk) }
      guard failure == nil else { continue }
      do {
        try Task.checkCancellation()
        try body(UnsafeRawBufferPointer(start: chunk, count: Int(length)))
      } catch {
        failure = error
        guard cancelStatement(handle) else { throw error }
      }
    }
    do {
      let count = try finish(handle, isCancellable: false).affectedCount
      if failure == nil { return count }
    } catch  where failure == nil {
      throw error
    } catch {}
    throw failure!
  }
}
