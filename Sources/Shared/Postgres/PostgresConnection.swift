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
  var lastTransaction: UInt64 = 0
  /// Whether the server turned out to be no primary (any more): the session works, and is of no use to us.
  var isOutdated = false
  /// Whether a pooler stands before the server: it makes up the process id that it tells its clients. Each transaction may
  /// then be on another of the server's sessions, and says for itself what it relies on.
  var isPooled = false
  /// Whether the server takes what not every one can do: see `SessionSettings`.
  var takesWishes = false
  /// Whether the server owes an answer for longer than `answerLimit`: nothing is asked of it any more.
  var isSilent = false
  /// What the server was last asked, cut short: for whoever waits for the answer.
  var awaited = ""
  /// Whether transactions are parts of one around them: see `withRollback` and `withWhole`.
  var isNested = false

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
    ShellVariables.settingsAreForgotten
    // What stands before `dbname` can be overridden by the connection string; what stands after it cannot.
    let settings =
      SessionSettings.connectionDefaults(configuration) + [("dbname", configuration.dsn), ("client_encoding", "UTF8")]
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
      isPooled = try stateSettings() != PQbackendPID(opened)
    } catch {
      close()
      throw error
    }
  }

  /// - Returns: the process id of the server's session that ran the statement.
  private func stateSettings(wishes: Bool = true) throws -> Int32? {
    let statement = SessionSettings.statement(isLocal: false, wishes: wishes, configuration)
    do {
      let result: PostgresResult
      do {
        result = try run(statement, [])
      } catch let error as PostgresError where error.sqlState == SessionSettings.isolationRefused {
        _ = try run(SessionSettings.plainIsolation, [])
        result = try run(statement, [])
      }
      takesWishes = wishes
      return try result.rows.first?.decode("pid")
    } catch let error as PostgresError where wishes && error.sqlState == SessionSettings.wishRefused {
      return try stateSettings(wishes: false)
    }
  }

  /// What to do where libpq's words alone would leave one puzzled.
  private static func advice(_ reason: String) -> String? {
    guard reason.contains("session is read-only") || reason.contains("server is in hot standby") else { return nil }
    return "This server is a read-only standby. Name the primary, or all of them: postgresql://a,b/aker"
  }

  /// Whether the session is gone for good.
  package var isBroken: Bool {
    guard let handle else { return true }
    return isOutdated || isSilent || PQstatus(handle) != CONNECTION_OK
  }

  /// The server's process id for this session, as in `pg_stat_activity`.
  package var backendPID: Int32 {
    handle.map { PQbackendPID($0) } ?? 0
  }

  /// This session, or another like it where this one is gone.
  package nonisolated func orAnother() async throws -> PostgresConnection {
    await isBroken ? try await Self.connect(configuration) : self
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
}

extension Duration {
  var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
