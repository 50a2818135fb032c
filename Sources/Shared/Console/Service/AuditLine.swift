package import FoundationEssentials
package import Postgres

/// Who did what by the API, on what and from where; or tried to.
package struct AuditLine: Encodable, Sendable {
  package var audit_id: Int64
  package var at: Date
  package var actor: String
  package var level: String
  package var address: String
  package var act: String
  package var target: String
  /// `done`, or why not.
  package var outcome: String
  /// The database login of the service.
  package var login: String

  /// The newest first.
  package static func list(before: Int64?, limit: Int, _ session: some PostgresSession) async throws -> [AuditLine] {
    try await session.query(
      """
      SELECT audit_id, at, actor, level, address, act, target, outcome, login FROM service.audit
      WHERE $1::bigint IS NULL OR audit_id < $1 ORDER BY audit_id DESC LIMIT $2
      """, [before, limit]
    ).map { row in
      AuditLine(
        audit_id: try row.decode("audit_id"), at: try row.decode("at"), actor: try row.decode("actor"),
        level: try row.decode("level"), address: try row.decode("address"), act: try row.decode("act"),
        target: try row.decode("target"), outcome: try row.decode("outcome"), login: try row.decode("login"))
    }
  }
}
