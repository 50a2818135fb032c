internal import Base
internal import CLibcrypto
internal import FoundationEssentials

/// Where notices of alerts go.
package struct AlertDestination: Sendable {
  package enum Kind: String, Sendable {
    /// A plain JSON object.
    case webhook
    /// What Slack and what understands its format take.
    case slack
    /// A message by SMTP.
    case email
  }

  /// Who sends mail to whom.
  package struct Mail: Sendable {
    package var sender: String
    package var recipients: [String]
    package var user: String?
    package var password: String?
    /// A file of certificates that vouch for the server; nil for those of this host.
    package var authorities: String?

    package init(
      sender: String, recipients: [String], user: String? = nil, password: String? = nil, authorities: String? = nil
    ) {
      self.sender = sender
      self.recipients = recipients
      self.user = user
      self.password = password
      self.authorities = authorities
    }
  }

  package var kind: Kind
  package var url: String
  /// Signs what a webhook is sent; nil leaves it unsigned.
  package var secret: String?
  package var mail: Mail?

  package init(_ kind: Kind, url: String, secret: String? = nil, mail: Mail? = nil) {
    self.kind = kind
    self.url = url
    self.secret = secret
    self.mail = mail
  }

  private struct Plain: Encodable {
    var alert_id: Int64
    /// `firing` or `ended`.
    var state: String
    var kind: String
    var subject: String
    var severity: String
    var summary: String
    var advice: String
    var began_at: Date
    var ended_at: Date?
  }

  private struct Slack: Encodable {
    var text: String
  }

  /// What is posted; mail has a form of its own.
  func body(_ notice: AlertNotice) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    switch kind {
    case .webhook:
      let plain = Plain(
        alert_id: notice.alertID, state: notice.isRecovery ? "ended" : "firing", kind: notice.kind,
        subject: notice.subject, severity: notice.severity, summary: notice.summary, advice: notice.advice,
        began_at: notice.beganAt, ended_at: notice.endedAt)
      return String(decoding: try encoder.encode(plain), as: UTF8.self)
    case .slack, .email:
      let sign = notice.isRecovery ? "over" : notice.severity
      let advice = notice.isRecovery ? "" : "\n\(notice.advice)"
      // & < > are markup to Slack.
      let text = "[\(sign)] \(notice.summary)\(advice)".replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        .replacing(">", with: "&gt;")
      return String(decoding: try encoder.encode(Slack(text: text)), as: UTF8.self)
    }
  }

  /// `t=SECONDS,v1=HEX`: the HMAC-SHA-256, by the secret, of the seconds, a dot and the body. The time is in it, so that
  /// what was overheard cannot be sent again later.
  func signature(_ body: String, at seconds: Int) -> String? {
    guard let secret else { return nil }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let (key, message) = (Array(secret.utf8), Array("\(seconds).\(body)".utf8))
    _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &count)
    let hex = digest.prefix(Int(count)).map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
    return "t=\(seconds),v1=\(hex.joined())"
  }
}
