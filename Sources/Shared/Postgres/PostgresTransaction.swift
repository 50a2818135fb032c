/// The use of a connection inside `withTransaction`, and only there: once the transaction has ended, every call throws.
package struct PostgresTransaction: Sendable {
  let connection: PostgresConnection
  let id: UInt64

  /// See `PostgresConnection.query`.
  package func query(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> [PostgresRow] {
    try await connection.perform(in: id) { try $0.run(sql, parameters).rows }
  }

  /// See `PostgresConnection.execute`.
  @discardableResult
  package func execute(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> Int {
    try await connection.perform(in: id) { try $0.run(sql, parameters).affectedCount }
  }

  /// See `PostgresConnection.executeScript`.
  package func executeScript(_ sql: String) async throws {
    try await connection.perform(in: id) { try $0.runScript(sql) }
  }

  /// See `PostgresConnection.pipeline`.
  @discardableResult
  package func pipeline(_ statements: [PostgresStatement]) async throws -> [[PostgresRow]] {
    try await connection.perform(in: id) { try $0.runPipeline(statements) }
  }

  /// See `PostgresConnection.copyIn`.
  @discardableResult
  package func copyIn(_ sql: String, _ body: @Sendable (PostgresCopyWriter) async throws -> Void) async throws -> Int {
    try await connection.performCopyIn(in: id, sql, body)
  }
}

extension PostgresConnection {
  func perform<Result: Sendable>(
    in transaction: UInt64, _ body: @Sendable (isolated PostgresConnection) throws -> Result
  ) throws -> Result {
    try requireOpen(transaction)
    return try body(self)
  }

  func performCopyIn(
    in transaction: UInt64, _ sql: String, _ body: @Sendable (PostgresCopyWriter) async throws -> Void
  ) async throws -> Int {
    try requireOpen(transaction)
    return try await performCopyIn(sql, body)
  }

  private func requireOpen(_ transaction: UInt64) throws {
    guard openTransaction == transaction else {
      throw PostgresError(.usage, "the transaction has ended")
    }
  }
}
