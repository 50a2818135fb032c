internal import CLibpq
internal import Dispatch
internal import Glibc
internal import Telemetry

/// What goes to the server, and how its answers are waited for.
extension PostgresConnection {
  func live() throws -> OpaquePointer {
    guard let handle, !isSilent else { throw PostgresError(.connection, "the connection is closed") }
    return handle
  }

  func run(
    _ sql: String, _ parameters: [(any PostgresEncodable)?], isCancellable: Bool = true
  ) throws -> PostgresResult {
    if isCancellable { try Task.checkCancellation() }
    let handle = try live()
    if isPooled, PQtransactionStatus(handle) == PQTRANS_IDLE {
      guard let result = try results(of: [PostgresStatement(sql, parameters)]).last else {
        throw PostgresError(.connection, Self.message(handle))
      }
      return result
    }
    try send(sql, parameters)
    return try finish(handle, isCancellable: isCancellable)
  }

  func runScript(_ sql: String) throws {
    try Task.checkCancellation()
    let handle = try live()
    awaited = Self.named(sql)
    guard PQsendQuery(handle, sql) == 1 else { throw PostgresError(.connection, Self.message(handle)) }
    _ = try finish(handle)
  }

  func stream(
    _ sql: String, _ parameters: [(any PostgresEncodable)?], _ body: (PostgresRow) throws -> Void
  ) throws {
    try Task.checkCancellation()
    let handle = try live()
    try send(sql, parameters)
    PQsetSingleRowMode(handle)
    var failure: (any Error)?
    while let result = try nextResult(handle, isCancellable: failure == nil) {
      let result = PostgresResult(result)
      do {
        if failure == nil {
          try check(result, handle)
          for row in result.rows { try body(row) }
        }
      } catch {
        failure = error
        // The rest of the answer would never end.
        guard cancelStatement(handle) else { throw error }
      }
    }
    if let failure { throw failure }
  }

  func runPipeline(_ statements: [PostgresStatement]) throws -> [[PostgresRow]] {
    guard !statements.isEmpty else { return [] }
    return try results(of: statements).map(\.rows)
  }

  /// All in one round trip and one implicit transaction.
  private func results(of statements: [PostgresStatement]) throws -> [PostgresResult] {
    let wanted = statements.count
    var statements = statements
    if isPooled, PQtransactionStatus(try live()) == PQTRANS_IDLE {
      let level = PostgresStatement("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", [])
      statements = [level, PostgresStatement(localSettings, [])] + statements
    }
    try Task.checkCancellation()
    let handle = try live()
    guard PQenterPipelineMode(handle) == 1 else { throw PostgresError(.usage, Self.message(handle)) }
    defer { PQexitPipelineMode(handle) }
    // Non-blocking, so that a server that waits for us to read never waits for us while we wait to write.
    PQsetnonblocking(handle, 1)
    defer { PQsetnonblocking(handle, 0) }
    for statement in statements { try send(statement.sql, statement.parameters) }
    guard PQpipelineSync(handle) == 1 else { throw PostgresError(.connection, Self.message(handle)) }

    var results: [PostgresResult] = []
    var failure: (any Error)?
    for _ in statements {
      while let result = try nextResult(handle) {
        let result = PostgresResult(result)
        do {
          if failure == nil {
            try check(result, handle)
            results.append(result)
          }
        } catch {
          failure = error
        }
      }
    }
    // The sync point's own result, then the pipeline may be left.
    if let sync = try nextResult(handle, isCancellable: false) { PQclear(sync) }
    if let failure { throw failure }
    return Array(results.suffix(wanted))
  }

  func send(_ sql: String, _ parameters: [(any PostgresEncodable)?]) throws {
    let handle = try live()
    awaited = Self.named(sql)
    let encoded = PostgresParameters(parameters)
    let sent = encoded.withPointers { values, lengths, formats, types in
      PQsendQueryParams(handle, sql, Int32(parameters.count), types, values, lengths, formats, 0)
    }
    guard sent == 1 else { throw PostgresError(.connection, Self.message(handle)) }
  }

  /// Enough of a statement to tell it by.
  private static func named(_ sql: String) -> String {
    guard let end = sql.index(sql.startIndex, offsetBy: nameLength, limitedBy: sql.endIndex), end < sql.endIndex else {
      return sql
    }
    return sql[..<end] + "..."
  }

  private static let nameLength = 60

  /// Reads to the end of the statement; returns its last result.
  func finish(_ handle: OpaquePointer, isCancellable: Bool = true) throws -> PostgresResult {
    var last: PostgresResult?
    var failure: (any Error)?
    while let next = try nextResult(handle, isCancellable: isCancellable && failure == nil) {
      let result = PostgresResult(next)
      do {
        try check(result, handle)
        last = result
        // A COPY that was started by a plain statement would wait here for ever.
        if [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(PQresultStatus(next)) { return result }
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    guard let last else {
      if Task.isCancelled { throw CancellationError() }
      throw PostgresError(.connection, Self.message(handle))
    }
    return last
  }

  /// The statement's next result, nil after the last. Waits on the socket, and cancels the statement on the server when
  /// the Swift task is cancelled.
  func nextResult(_ handle: OpaquePointer, isCancellable: Bool = true) throws -> OpaquePointer? {
    if PQisBusy(handle) == 1 {
      // A COMMIT is waited for to its end, and nobody may be told to stop for it.
      let wait = isCancellable ? AttemptWaits.begin("the database's answer to \(awaited)") : nil
      defer { wait?.end() }
      try waitForResult(handle, isCancellable: isCancellable, wait)
    }
    return PQgetResult(handle)
  }

  private func waitForResult(_ handle: OpaquePointer, isCancellable: Bool, _ wait: AttemptWaits.Ongoing?) throws {
    var isCancelSent = false
    var heardAt = ContinuousClock.now
    while PQisBusy(handle) == 1 {
      let unsent = PQflush(handle)
      var descriptor = pollfd(
        fd: PQsocket(handle), events: Int16(POLLIN) | (unsent == 1 ? Int16(POLLOUT) : 0), revents: 0)
      let isWatched = isCancellable && (!isCancelSent || configuration.answerLimit != nil)
      let ready = poll(&descriptor, 1, isWatched ? Self.cancellationCheckMilliseconds : -1)
      if ready < 0 && errno != EINTR { throw PostgresError(.connection, String(cString: strerror(errno))) }
      if ready > 0 {
        guard PQconsumeInput(handle) == 1 else { throw PostgresError(.connection, Self.message(handle)) }
        if descriptor.revents & Int16(POLLIN) != 0 {
          heardAt = .now
          wait?.goOn()
        }
      }
      guard isCancellable else { continue }
      if !isCancelSent && Task.isCancelled {
        guard cancelStatement(handle) else { throw CancellationError() }
        isCancelSent = true
      }
      if let limit = configuration.answerLimit, ContinuousClock.now - heardAt > limit {
        // Not closed here: whoever sent it still holds the handle.
        isSilent = true
        throw PostgresError(.connection, "the server has not answered for \(limit.components.seconds) s: \(awaited)")
      }
    }
  }

  /// How soon a cancelled Swift task reaches its statement. Costs one system call per interval, on long statements only.
  private static let cancellationCheckMilliseconds: Int32 = 20

  /// How long the server may take to read a cancellation: it starts a process for each, whatever else it does.
  private static let cancellationLimit = DispatchTimeInterval.seconds(3)

  /// Asks the server to end the statement under way. libpq waits until the server has read that, which one that is frozen
  /// never does: then this session is given up, as one that owes an answer for too long.
  ///
  /// - Returns: whether the server has read it, and the rest of the answer can be waited for.
  func cancelStatement(_ handle: OpaquePointer) -> Bool {
    guard let request = PQgetCancel(handle) else { return true }
    // Belongs to the queue's one piece of work, which may outlive this connection: it holds nothing of it.
    nonisolated(unsafe) let cancel = request
    let isRead = DispatchSemaphore(value: 0)
    DispatchQueue(label: "aker.postgres.cancel").async {
      var reason = [CChar](repeating: 0, count: 256)
      PQcancel(cancel, &reason, Int32(reason.count))
      PQfreeCancel(cancel)
      isRead.signal()
    }
    guard isRead.wait(timeout: .now() + Self.cancellationLimit) == .success else {
      isSilent = true
      return false
    }
    return true
  }

  func check(_ result: PostgresResult, _ handle: OpaquePointer) throws {
    switch PQresultStatus(result.handle) {
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
      let error = Self.error(result, handle)
      // 25006: read_only_sql_transaction. A fail-over made a standby of it: the next session goes elsewhere.
      if error.sqlState == "25006", configuration.access == .readWrite { isOutdated = true }
      // 57014: query_canceled. When our own task was cancelled, that is what happened.
      if error.sqlState == "57014" && Task.isCancelled { throw CancellationError() }
      throw error
    case PGRES_PIPELINE_ABORTED:
      throw PostgresError(.server, "an earlier statement of the pipeline failed")
    default:
      return
    }
  }

  private static func error(_ result: PostgresResult, _ handle: OpaquePointer) -> PostgresError {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result.handle, Int32(code.asciiValue!)).map { String(cString: $0) }
    }
    // The codes are PG_DIAG_* of postgres_ext.h, character constants which do not import.
    guard let message = field("M") else {
      let kind: PostgresError.Kind = PQstatus(handle) == CONNECTION_OK ? .server : .connection
      return PostgresError(kind, Self.message(handle))
    }
    var error = PostgresError(
      PQstatus(handle) == CONNECTION_OK ? .server : .connection, message, sqlState: field("C"), detail: field("D"),
      hint: field("H"), context: field("W"), constraint: field("n"), position: field("P").flatMap { Int($0) })
    error.inner = field("q").map { .init(statement: $0, position: field("p").flatMap { Int($0) }) }
    return error
  }

  static func message(_ handle: OpaquePointer) -> String {
    var text = String(cString: PQerrorMessage(handle))
    while text.last?.isNewline == true { text.removeLast() }
    return text.isEmpty ? "the connection broke" : text
  }
}
