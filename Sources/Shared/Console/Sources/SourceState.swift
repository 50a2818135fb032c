internal import Base
package import Postgres

/// How a source is doing, by the queue's word.
package struct SourceState: Encodable, Sendable {
  package var running: Int
  package var requests_today: Int
  package var requests_ever: Int64
  package var cool_down_seconds: Int?
  package var cool_down_reason: String?
  package var pause_reason: String?
  package var daily_quota: Int?

  /// All sources that the database knows, by id.
  package static func read(_ connection: PostgresConnection) async throws -> [String: SourceState] {
    let rows = try await connection.query(
      """
      SELECT s.source_id, s.daily_quota, s.cool_down_reason, s.pause_reason,
        (SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (a.source_ids)) AS running,
        CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN t.quota_used ELSE 0 END AS requests_today,
        t.granted_total,
        CASE WHEN s.cool_down_until > clock_timestamp()
          THEN ceil(extract(epoch FROM s.cool_down_until - clock_timestamp()))::int END AS cool_down_seconds
      FROM queue.source s JOIN queue.token_bucket t USING (source_id)
      """)
    return Dictionary(
      uniqueKeysWithValues: try rows.map { row in
        let seconds: Int? = try row.decode("cool_down_seconds")
        return (
          try row.decode("source_id"),
          SourceState(
            running: try row.decode("running"), requests_today: try row.decode("requests_today"),
            requests_ever: try row.decode("granted_total"), cool_down_seconds: seconds,
            cool_down_reason: seconds == nil ? nil : try row.text("cool_down_reason"),
            pause_reason: try row.text("pause_reason"), daily_quota: try row.decode("daily_quota"))
        )
      })
  }

  package var text: String {
    if pause_reason != nil { return "paused" }
    if let cool_down_seconds { return "cooling down \(readableDuration(cool_down_seconds))" }
    if let daily_quota, requests_today >= daily_quota { return "quota used up" }
    return running > 0 ? "\(running) running" : "ready"
  }
}
