internal import CLibpq

/// Transactions, and trials of them.
extension PostgresConnection {
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
    isNested = true
    defer {
      isNested = false
      rollBack()
    }
    return try await body()
  }

  /// Runs `body` in one transaction, of which its own are parts: all of it is committed, or nothing.
  package func withWhole<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    try requireNoTransaction()
    try begin()
    isNested = true
    let result: Result
    do {
      result = try await body()
      try Task.checkCancellation()
    } catch {
      isNested = false
      rollBack()
      throw error
    }
    isNested = false
    try commit()
    return result
  }

  /// Begins a transaction that changes nothing and is never committed: for what somebody else wrote. `endReading` ends it.
  package func beginReading() throws {
    try requireNoTransaction()
    try begin()
    _ = try run("SET TRANSACTION READ ONLY", [])
    _ = try run("SAVEPOINT reading", [])
  }

  /// Ends it, whatever became of it, and the session with it. What a rollback leaves behind are advisory locks of the
  /// session, and a pooler would keep that: they are given up first.
  package func endReading() {
    _ = try? runScript("ROLLBACK TO SAVEPOINT reading; SELECT pg_catalog.pg_advisory_unlock_all(); ROLLBACK")
    close()
  }

  private func begin() throws {
    if isNested {
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

  var localSettings: String {
    SessionSettings.statement(isLocal: true, wishes: takesWishes, configuration)
  }

  private func commit() throws {
    if isNested {
      _ = try run("RELEASE SAVEPOINT part", [], isCancellable: false)
      return
    }
    // Not cancellable, by whatever means: the caller must learn whether it committed. And under synchronous replication, a
    // COMMIT whose wait is cancelled can be seen here and is lost at a fail-over.
    let result: PostgresResult
    do {
      if configuration.statementTimeout != nil { _ = try run("SET LOCAL statement_timeout = 0", []) }
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
      _ = try run(isNested ? "ROLLBACK TO SAVEPOINT part" : "ROLLBACK", [], isCancellable: false)
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
}
