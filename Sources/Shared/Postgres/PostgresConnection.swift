internal import CLibpq
internal import Dispatch
internal import Glibc

/// One session with the server, blocking on a queue of its own.
///
/// Calls from outside are one hop each; the body of `transaction` runs wholly inside. Cancelling the calling Swift task
/// cancels the running statement on the server, and leaves the session usable. A session whose connection broke stays
/// broken (`isBroken`): `PostgresPool` replaces it.
package actor PostgresConnection {
  package nonisolated let configuration: PostgresConfiguration
  nonisolated let executor: QueueExecutor
  var handle: OpaquePointer?
  /// Says which `PostgresTransaction` may use the connection now; nil when none is open.
  var openTransaction: UInt64?
  private var lastTransaction: UInt64 = 0
  /// Whether the server turned out to be no primary (any more): the session works, and is of no use to us.
  private var isOutdated = false
  /// Whether a pooler stands before the server: it makes up the process id that it tells its clients. Each transaction may
  /// then be on another of the server's sessions, and says for itself what it relies on.
  var isPooled = false
  /// Whether what is done now will be undone: see `withRollback`.
  private var isTrial = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private init(configuration: PostgresConfiguration) {
    self.configuration = configuration
    executor = QueueExecutor(label: "postgres")
  }

  isolated deinit {
    PQfinish(handle)
  }

  /// - Throws: `PostgresError` of kind `connection`, with the server's or libpq's reason.
  package static func connect(_ configuration: PostgresConfiguration) async throws -> PostgresConnection {
    let connection = PostgresConnection(configuration: configuration)
    try await connection.open()
    return connection
  }

  private func open() throws {
    // What stands before `dbname` can be overridden by the connection string; what stands after it cannot.
    let settings =
      SessionStartup.defaults(configuration) + [("dbname", configuration.dsn), ("client_encoding", "UTF8")]
    let keywords = settings.map { strdup($0.0) } + [nil]
    let values = settings.map { strdup($0.1) } + [nil]
    defer { (keywords + values).forEach { free($0) } }
    let opened = keywords.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer { keywords in
      values.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer { values in
        PQconnectdbParams(keywords.baseAddress, values.baseAddress, 1)
      }
    }
    guard let opened, PQstatus(opened) == CONNECTION_OK else {
      let reason = opened.map { Self.message($0) } ?? "out of memory"
      PQfinish(opened)
      throw PostgresError(.connection, reason, hint: Self.advice(reason))
    }
    handle = opened
    // Notices go to the server's log; ours would be stderr, in the middle of an operator's progress display.
    PQsetNoticeProcessor(opened, { _, _ in }, nil)
    do {
      let stated = SessionSettings.statement(isLocal: false, statementTimeout: configuration.statementTimeout)
      let server: Int32?
      do {
        server = try run(stated, []).rows.first?.decode("pid")
      } catch let error as PostgresError where error.sqlState == SessionSettings.isolationRefused {
        _ = try run(SessionSettings.plainIsolation, [])
        server = try run(stated, []).rows.first?.decode("pid")
      }
      isPooled = server != PQbackendPID(opened)
      let settings = SessionStartup.settings(configuration)
      let wishes = SessionStartup.wishes(serverVersion: PQserverVersion(opened))
      do {
        try state(settings + wishes)
      } catch let error as PostgresError where !wishes.isEmpty && SessionStartup.refusals.contains(error.sqlState ?? "")
      {
        try state(settings)
      }
    } catch {
      close()
      throw error
    }
  }

  private func state(_ settings: [(name: String, value: String)]) throws {
    _ = try run(SessionStartup.sql, [settings.map(\.name), settings.map(\.value)])
  }

  /// What to do where libpq's words alone would leave one puzzled.
  private static func advice(_ reason: String) -> String? {
    guard reason.contains("session is read-only") || reason.contains("server is in hot standby") else { return nil }
    return "This server is a read-only standby. Name the primary, or all of them: postgresql://a,b/aker"
  }

  /// Whether the session is gone for good.
  package var isBroken: Bool {
    guard let handle else { return true }
    return isOutdated || PQstatus(handle) != CONNECTION_OK
  }

  /// The server's process id for this session, as in `pg_stat_activity`.
  package var backendPID: Int32 {
    handle.map { PQbackendPID($0) } ?? 0
  }

  package func close() {
    PQfinish(handle)
    handle = nil
  }

  // MARK: Statements

  /// Runs one statement and returns its whole result: for results known to be small.
  package func query(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) throws -> [PostgresRow] {
    try requireNoTransaction()
    return try run(sql, parameters).rows
  }

  /// Runs one statement and returns how many rows it touched.
  @discardableResult
  package func execute(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) throws -> Int {
    try requireNoTransaction()
    return try run(sql, parameters).affectedCount
  }

  /// Runs a script of several statements without parameters, in the simple protocol.
  package func executeScript(_ sql: String) throws {
    try requireNoTransaction()
    try runScript(sql)
  }

  /// Hands the rows of a statement to `body` one by one as they arrive; memory stays that of a row.
  ///
  /// When `body` throws, the statement is cancelled and the error is thrown on.
  package func forEachRow(
    _ sql: String, _ parameters: [(any PostgresEncodable)?] = [], _ body: (PostgresRow) throws -> Void
  ) throws {
    try requireNoTransaction()
    try stream(sql, parameters, body)
  }

  /// Sends all statements in one round trip, in one implicit transaction, and returns each one's rows.
  ///
  /// - Throws: the first statement's error that failed; none of the statements has then had an effect.
  @discardableResult
  package func pipeline(_ statements: [PostgresStatement]) throws -> [[PostgresRow]] {
    try requireNoTransaction()
    return try runPipeline(statements)
  }

  // MARK: Transactions

  /// Runs `body` between BEGIN and COMMIT, in one hop; rolls back when it throws.
  ///
  /// Inside, call the connection as outside, without `await`.
  package func transaction<Result: Sendable>(
    _ body: @Sendable (isolated PostgresConnection) throws -> Result
  ) throws -> Result {
    try requireNoTransaction()
    try begin()
    let result: Result
    do {
      result = try body(self)
    } catch {
      rollBack()
      throw error
    }
    try commit()
    return result
  }

  /// Runs an asynchronous `body` between BEGIN and COMMIT; rolls back when it throws or its task is cancelled.
  ///
  /// Only the `PostgresTransaction` that `body` is given may use the connection meanwhile: a direct call throws.
  package func withTransaction<Result: Sendable>(
    _ body: @Sendable (PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    try requireNoTransaction()
    try begin()
    lastTransaction += 1
    let transaction = PostgresTransaction(connection: self, id: lastTransaction)
    openTransaction = transaction.id
    let result: Result
    do {
      result = try await body(transaction)
      try Task.checkCancellation()
    } catch {
      openTransaction = nil
      rollBack()
      throw error
    }
    openTransaction = nil
    try commit()
    return result
  }

  /// Runs `body` and undoes all that it did: its transactions are parts of one that is rolled back.
  package func withRollback<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    try requireNoTransaction()
    try begin()
    isTrial = true
    defer {
      isTrial = false
      rollBack()
    }
    return try await body()
  }

  private func begin() throws {
    if isTrial {
      _ = try run("SAVEPOINT part", [])
      return
    }
    guard isPooled else {
      _ = try run("BEGIN ISOLATION LEVEL READ COMMITTED", [])
      return
    }
    do {
      try runScript("BEGIN ISOLATION LEVEL READ COMMITTED; " + localSettings)
    } catch {
      rollBack()
      throw error
    }
  }

  private var localSettings: String {
    SessionSettings.statement(isLocal: true, statementTimeout: configuration.statementTimeout)
  }

  private func commit() throws {
    if isTrial {
      _ = try run("RELEASE SAVEPOINT part", [], isCancellable: false)
      return
    }
    // Not cancellable, by whatever means: the caller must learn whether it committed. And under synchronous replication, a
    // COMMIT whose wait is cancelled can be seen here and is lost at a fail-over.
    let result: PostgresResult
    do {
      result = try run("COMMIT", [], isCancellable: false)
    } catch var error as PostgresError where error.isConnectionFailure {
      error.isCommitInDoubt = true
      throw error
    }
    // COMMIT of a transaction that had failed answers ROLLBACK, and no error.
    guard result.commandTag == "COMMIT" else {
      throw PostgresError(.usage, "the transaction had already failed and was rolled back")
    }
  }

  private func rollBack() {
    guard let handle, PQstatus(handle) == CONNECTION_OK else { return }
    do {
      _ = try run(isTrial ? "ROLLBACK TO SAVEPOINT part" : "ROLLBACK", [], isCancellable: false)
    } catch {
      // A session whose transaction cannot be ended must not be used again.
      close()
    }
  }

  func requireNoTransaction() throws {
    if openTransaction != nil {
      throw PostgresError(.usage, "the connection was used directly while a transaction is open on it")
    }
  }

  // MARK: The wire

  func live() throws -> OpaquePointer {
    guard let handle else { throw PostgresError(.connection, "the connection is closed") }
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
        cancelStatement(handle)
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
    let encoded = PostgresParameters(parameters)
    let sent = encoded.withPointers { values, lengths, formats, types in
      PQsendQueryParams(handle, sql, Int32(parameters.count), types, values, lengths, formats, 0)
    }
    guard sent == 1 else { throw PostgresError(.connection, Self.message(handle)) }
  }

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
    var isCancelSent = false
    while PQisBusy(handle) == 1 {
      let unsent = PQflush(handle)
      var descriptor = pollfd(
        fd: PQsocket(handle), events: Int16(POLLIN) | (unsent == 1 ? Int16(POLLOUT) : 0), revents: 0)
      let ready = poll(&descriptor, 1, isCancellable && !isCancelSent ? Self.cancellationCheckMilliseconds : -1)
      if ready < 0 && errno != EINTR { throw PostgresError(.connection, String(cString: strerror(errno))) }
      if ready > 0 && PQconsumeInput(handle) == 0 {
        throw PostgresError(.connection, Self.message(handle))
      }
      if isCancellable && !isCancelSent && Task.isCancelled {
        cancelStatement(handle)
        isCancelSent = true
      }
    }
    return PQgetResult(handle)
  }

  /// How soon a cancelled Swift task reaches its statement. Costs one system call per interval, on long statements only.
  private static let cancellationCheckMilliseconds: Int32 = 20

  func cancelStatement(_ handle: OpaquePointer) {
    guard let cancel = PQgetCancel(handle) else { return }
    defer { PQfreeCancel(cancel) }
    var reason = [CChar](repeating: 0, count: 256)
    PQcancel(cancel, &reason, Int32(reason.count))
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
    return PostgresError(
      PQstatus(handle) == CONNECTION_OK ? .server : .connection, message, sqlState: field("C"), detail: field("D"),
      hint: field("H"), context: field("W"), constraint: field("n"), position: field("P").flatMap { Int($0) })
  }

  static func message(_ handle: OpaquePointer) -> String {
    var text = String(cString: PQerrorMessage(handle))
    while text.last?.isNewline == true { text.removeLast() }
    return text.isEmpty ? "the connection broke" : text
  }
}

extension Duration {
  var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
