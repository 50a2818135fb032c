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
    try PostgresRow.only(try await query(sql, parameters), of: sql)
  }

  /// The row of a query that gives at most one; nil for none.
  ///
  /// - Throws: `PostgresError` of kind `decoding` where there are several: the first would be any of them.
  package func oneOrNone(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> PostgresRow? {
    let rows = try await query(sql, parameters)
    return rows.isEmpty ? nil : try PostgresRow.only(rows, of: sql)
  }
}

extension PostgresRow {
  /// The row of an answer that always has one; see `PostgresSession.one`.
  ///
  /// - Throws: `PostgresError` of kind `decoding`.
  package static func only(_ rows: [PostgresRow], of sql: String = "") throws -> PostgresRow {
    guard rows.count == 1 else {
      let count = rows.isEmpty ? "none" : "\(rows.count)"
      throw PostgresError(.decoding, "a query for one row gave \(count): \(sql.prefix(80))")
    }
    return rows[0]
  }
}
