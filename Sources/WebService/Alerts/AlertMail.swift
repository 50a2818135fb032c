internal import Base
internal import FoundationEssentials
internal import Glibc

/// A notice as a message of RFC 5322. Whatever is in it came from outside: the subject is one line, encoded, and the body is
/// base64, so that nothing in it can be a header or end the message.
struct AlertMail {
  var notice: AlertNotice
  var sender: String
  var recipients: [String]
  var date: Date

  /// Bytes of text in an encoded word, which may have 75 characters.
  private static let wordLimit = 42
  private static let lineLimit = 76

  var bytes: [UInt8] {
    let sign = notice.isRecovery ? "over" : notice.severity
    var lines = [
      "From: <\(sender)>", "To: \(recipients.map { "<\($0)>" }.joined(separator: ", "))",
      "Subject: \(Self.encoded("[aker \(sign)] \(OutsideText.line(notice.summary))"))", "Date: \(Self.shown(date))",
      "Message-ID: \(identifier(isRecovery: notice.isRecovery))",
    ]
    // Mail programs show the end below the beginning.
    if notice.isRecovery { lines.append("In-Reply-To: \(identifier(isRecovery: false))") }
    lines += [
      "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64", "",
    ]
    var text = Data(body.utf8).base64EncodedString()[...]
    while !text.isEmpty {
      lines.append(String(text.prefix(Self.lineLimit)))
      text = text.dropFirst(Self.lineLimit)
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
  }

  private var body: String {
    var lines = [OutsideText.lines(notice.summary), ""]
    if !notice.isRecovery { lines += [OutsideText.lines(notice.advice), ""] }
    lines.append("Alert \(notice.alertID): \(notice.kind) \(OutsideText.line(notice.subject))")
    lines.append("Since \(Self.shown(notice.beganAt))")
    if let ended = notice.endedAt { lines.append("Over since \(Self.shown(ended))") }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  /// The same for a message that is sent a second time, so that it is shown once.
  private func identifier(isRecovery: Bool) -> String {
    let began = Int(notice.beganAt.timeIntervalSince1970)
    return "<alert-\(notice.alertID).\(began).\(isRecovery ? "ended" : "firing")@aker.invalid>"
  }

  /// RFC 2047: whole characters in each word.
  private static func encoded(_ text: String) -> String {
    var words: [String] = []
    var word = ""
    func end() { words.append("=?UTF-8?B?\(Data(word.utf8).base64EncodedString())?=") }
    for character in text {
      if word.utf8.count + character.utf8.count > wordLimit, !word.isEmpty {
        end()
        word = ""
      }
      word.append(character)
    }
    end()
    return words.joined(separator: "\r\n ")
  }

  /// `Thu, 26 Nov 2026 20:52:01 +0000`; programs here never set a locale.
  private static func shown(_ date: Date) -> String {
    var seconds = time_t(date.timeIntervalSince1970)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S +0000", &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
