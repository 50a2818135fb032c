package import FoundationEssentials
package import Postgres

/// Something that is wrong, or was.
package struct AlertLine: Encodable, Sendable {
  package var alert_id: Int64
  package var kind: String
  /// Which backfill, task, flow, dataset or source.
  package var subject: String
  /// `warning` or `critical`.
  package var severity: String
  package var summary: String
  package var advice: String
  package var began_at: Date
  package var fired_at: Date?
  package var ended_at: Date?
  /// `firing`, `pending` or `ended`.
  package var state: String
  package var silenced_until: Date?
  package var silence_reason: String?
  /// Notices of it that are still on their way.
  package var undelivered: Int
  package var delivery_error: String?

  /// What holds first, then what ended within a week.
  package static func list(state: String?, _ session: some PostgresSession) async throws -> [AlertLine] {
    try await session.query(
      """
      SELECT alert_id, kind, subject, severity, summary, advice, began_at, fired_at, ended_at, state, silenced_until,
        silence_reason, undelivered, delivery_error
      FROM service.alerts
      WHERE (ended_at IS NULL OR ended_at > clock_timestamp() - interval '7 days' AND fired_at IS NOT NULL)
        AND ($1::text IS NULL OR state = $1)
      ORDER BY ended_at IS NOT NULL, fired_at IS NULL, severity, alert_id DESC LIMIT 500
      """, [state]
    ).map { row in
      AlertLine(
        alert_id: try row.decode("alert_id"), kind: try row.decode("kind"), subject: try row.decode("subject"),
        severity: try row.decode("severity"), summary: try row.decode("summary"), advice: try row.decode("advice"),
        began_at: try row.decode("began_at"), fired_at: try row.decode("fired_at"),
        ended_at: try row.decode("ended_at"), state: try row.decode("state"),
        silenced_until: try row.decode("silenced_until"), silence_reason: try row.text("silence_reason"),
        undelivered: try row.decode("undelivered"), delivery_error: try row.text("delivery_error"))
    }
  }

  package struct Silence: Encodable, Sendable {
    package var kind: String?
    package var subject: String?
    package var until: Date
  }

  /// - Parameters:
  ///   - kind: nil for all.
  ///   - minutes: 0 ends a silence.
  package static func silence(
    kind: String?, subject: String?, minutes: Int, reason: String?, _ session: some PostgresSession
  ) async throws -> Silence {
    let row = try await Refusal.translating {
      try await session.one(
        "SELECT service.silence_alerts($1, $2, make_interval(mins => $3::int), $4) AS until",
        [kind, subject, minutes, reason])
    }
    return Silence(kind: kind, subject: subject, until: try row.decode("until"))
  }
}
