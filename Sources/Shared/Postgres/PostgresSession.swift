/// What may be asked in a connection as well as in a transaction.
package protocol PostgresSession: Sendable {
  func query(_ sql: String, _ parameters: [(any PostgresEncodable)?]) async throws -> [PostgresRow]
}

extension PostgresConnection: PostgresSession {}
extension PostgresTransaction: PostgresSession {}

extension PostgresSession {
  package func query(_ sql: String) async throws -> [PostgresRow] { try await query(sql, []) }

  /// The only row of a query that always gives one: an aggregate, a function's result, a row that was just written.
  ///
  /// - Throws: `PostgresError` of kind `decoding` where there is none or there are several, as well as what `query` throws.
  package func one(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> PostgresRow {
    guard let row = try await oneOrNone(sql, parameters) else {
      throw PostgresError(.decoding, "a query that always gives a row gave none: \(sql.prefix(80))")
    }
    return row
  }

  /// The row of a query that gives at most one; nil for none.
  ///
  /// - Throws: `PostgresError` of kind `decoding` where there are several: the first would be any of them.
  package func oneOrNone(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> PostgresRow? {
    let rows = try await query(sql, parameters)
    guard rows.count <= 1 else {
      throw PostgresError(.decoding, "a query for one row gave \(rows.count): \(sql.prefix(80))")
    }
    return rows.first
  }
}
