import Postgres
import TestSupport

/// A login of a test's own, since roles belong to the whole server.
struct Login {
  let name: String
  let dsn: String

  /// - Parameter roles: what is granted to it, such as `aker_reader`.
  static func make(_ suffix: String, _ roles: [String] = [], in database: TestDatabase) async throws -> Login {
    let name = "\(database.name)_\(suffix)"
    let connection = try await database.connect()
    try await connection.execute("CREATE ROLE \"\(name)\" LOGIN")
    for role in roles { try await connection.execute("GRANT \(role) TO \"\(name)\"") }
    await connection.close()
    return Login(name: name, dsn: "host=\(database.cluster.directory) user=\(name) dbname=\(database.name)")
  }

  func connect() async throws -> PostgresConnection {
    try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn))
  }

  /// So that the server of all tests keeps no logins of databases that are gone.
  func drop(_ database: TestDatabase) async throws {
    let connection = try await database.connect()
    try await connection.executeScript("DROP OWNED BY \"\(name)\"; DROP ROLE \"\(name)\"")
    await connection.close()
  }
}
