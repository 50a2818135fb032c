internal import FoundationEssentials
internal import Postgres

/// That something is wrong, or is no more.
struct AlertNotice: Sendable {
  var noticeID: Int64
  var alertID: Int64
  var destination: String
  var isRecovery: Bool
  var kind: String
  var subject: String
  var severity: String
  var summary: String
  var advice: String
  var beganAt: Date
  var endedAt: Date?

  init(_ row: PostgresRow) throws {
    noticeID = try row.decode("notice_id")
    alertID = try row.decode("alert_id")
    destination = try row.decode("destination")
    isRecovery = try row.decode("is_recovery")
    kind = try row.decode("kind")
    subject = try row.decode("subject")
    severity = try row.decode("severity")
    summary = try row.decode("summary")
    advice = try row.decode("advice")
    beganAt = try row.decode("began_at")
    endedAt = try row.decode("ended_at")
  }
}
