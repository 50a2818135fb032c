internal import Base
package import FoundationEssentials
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
  /// Within the last sixty seconds.
  package var requests_a_minute: Double
  /// When the quota is used up, if it is asked on as in the last minute; nil where it lasts for the day, or there is none.
  package var quota_ends_at: Date?
  package var quota_resets_at: Date?

  /// All sources that the database knows, by id.
  package static func read(_ connection: PostgresConnection) async throws -> [String: SourceState] {
    let rows = try await connection.query(
      """
      SELECT s.source_id, s.daily_quota, s.cool_down_reason, s.pause_reason,
        (SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (a.source_ids)) AS running,
        u.requests_today, u.requests_ever, u.requests_a_minute, u.quota_ends_at, u.quota_resets_at,
        CASE WHEN s.cool_down_until > clock_timestamp()
          THEN ceil(extract(epoch FROM s.cool_down_until - clock_timestamp()))::int END AS cool_down_seconds
      FROM queue.source s JOIN queue.source_usage u USING (source_id)
      """)
    return Dictionary(
      uniqueKeysWithValues: try rows.map { row in
        let seconds: Int? = try row.decode("cool_down_seconds")
        return (
          try row.decode("source_id"),
          SourceState(
            running: try row.decode("running"), requests_today: try row.decode("requests_today"),
            requests_ever: try row.decode("requests_ever"), cool_down_seconds: seconds,
            cool_down_reason: seconds == nil ? nil : try row.text("cool_down_reason"),
            pause_reason: try row.text("pause_reason"), daily_quota: try row.decode("daily_quota"),
            requests_a_minute: try row.decode("requests_a_minute"), quota_ends_at: try row.decode("quota_ends_at"),
            quota_resets_at: try row.decode("quota_resets_at"))
        )
      })
  }

  package var text: String {
    if pause_reason != nil { return "paused" }
    if let cool_down_seconds { return "cooling down \(readableDuration(cool_down_seconds))" }
    if let daily_quota, requests_today >= daily_quota { return "quota used up" }
    return running > 0 ? "\(running) running" : "ready"
  }

  /// Requests within the last sixty seconds: `12`, or `0.4` where it is less than one.
  package var rateText: String {
    requests_a_minute < 1 && requests_a_minute > 0
      ? "\((requests_a_minute * 10).rounded(.up) / 10)" : "\(Int(requests_a_minute.rounded()))"
  }

  /// Such as `used up at 14:20 at this rate`; nil without a quota.
  package func quotaText(_ moment: (Date) -> String) -> String? {
    guard let daily_quota, let quota_resets_at else { return nil }
    if requests_today >= daily_quota { return "used up; begins anew at \(moment(quota_resets_at))" }
    guard let quota_ends_at else { return requests_a_minute > 0 ? "lasts for the day at this rate" : nil }
    return "used up at \(moment(quota_ends_at)) at this rate; begins anew at \(moment(quota_resets_at))"
  }
}
