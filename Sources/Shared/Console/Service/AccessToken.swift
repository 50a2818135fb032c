internal import Base
package import FoundationEssentials
package import Postgres

/// Who may use the API.
package struct AccessToken: Encodable, Sendable {
  package var name: String
  /// `viewer`, `operator` or `admin`.
  package var level: String
  package var created_at: Date
  package var created_by: String
  package var expires_at: Date
  package var last_used_at: Date?
  /// `valid`, `expired` or `revoked`.
  package var state: String
  package var revoked_at: Date?
  package var revoked_by: String?

  /// A new one, told this once.
  package struct Made: Encodable, Sendable {
    package var name: String
    package var level: String
    package var token: String
    package var expires_at: Date
  }

  package static func list(_ session: some PostgresSession) async throws -> [AccessToken] {
    try await session.query(
      """
      SELECT name, level, created_at, created_by, expires_at, last_used_at, state, revoked_at, revoked_by
      FROM service.tokens ORDER BY state <> 'valid', name, created_at DESC
      """
    ).map { row in
      AccessToken(
        name: try row.decode("name"), level: try row.decode("level"), created_at: try row.decode("created_at"),
        created_by: try row.decode("created_by"), expires_at: try row.decode("expires_at"),
        last_used_at: try row.decode("last_used_at"), state: try row.decode("state"),
        revoked_at: try row.decode("revoked_at"), revoked_by: try row.text("revoked_by"))
    }
  }

  /// 256 random bits from the system's generator; the database is told their hash alone.
  package static func create(
    _ name: String, level: String, days: Int, _ session: some PostgresSession
  ) async throws -> Made {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    // A prefix by which scanners of leaked secrets know it.
    let token =
      "aker_"
      + Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    let row = try await Refusal.translating {
      try await session.one(
        "SELECT service.create_token($1, $2, decode($3, 'hex'), make_interval(days => $4::int)) AS until",
        [name, level, SHA256.hash(token), days])
    }
    return Made(name: name, level: level, token: token, expires_at: try row.decode("until"))
  }

  package static func revoke(_ name: String, _ session: some PostgresSession) async throws {
    _ = try await Refusal.translating { try await session.query("SELECT service.revoke_token($1)", [name]) }
  }
}
