package import Postgres

extension Migrator {
  /// Rights that are not as grants.sql says, such as after a restore into a server that lacked the roles: `lacks SELECT on
  /// queue.task to aker_reader`. Changes nothing.
  ///
  /// - Throws: `PostgresError` with insufficient_privilege for a login that does not own the database's structure.
  package func wrongRights(_ connection: PostgresConnection) async throws -> [String] {
    try await rights(connection, mends: false)
  }

  /// Makes them right again, and the roles, where they are missing.
  ///
  /// - Returns: what was wrong.
  package func mendRights(_ connection: PostgresConnection) async throws -> [String] {
    try await rights(connection, mends: true)
  }

  /// Undoes what was only tried.
  private struct OnlyLooked: Error {
    var wrong: [String]
  }

  private func rights(_ connection: PostgresConnection, mends: Bool) async throws -> [String] {
    guard let grants = repeatable.files.first(where: { $0.path.hasSuffix("grants.sql") }) else { return [] }
    do {
      return try await again {
        try await connection.withTransaction { transaction in
          try await lock(transaction)
          let before = try await present(transaction)
          try await transaction.executeScript(grants.sql)
          let after = try await present(transaction)
          let wrong =
            after.subtracting(before).sorted().map { "lacks " + $0 }
            + before.subtracting(after).sorted().map { "has " + $0 }
          guard mends, !wrong.isEmpty else { throw OnlyLooked(wrong: wrong) }
          return wrong
        }
      }
    } catch let looked as OnlyLooked {
      return looked.wrong
    }
  }

  private func present(_ transaction: PostgresTransaction) async throws -> Set<String> {
    let rows = try await transaction.query("SELECT right_text FROM catalog._rights() AS right_text")
    return Set(try rows.map { try $0.decode("right_text", as: String.self) })
  }
}
