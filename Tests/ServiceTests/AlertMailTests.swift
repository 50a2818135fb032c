import Base
import Console
import FoundationEssentials
import Glibc
import Logging
import Postgres
import TestSupport
import Testing
import WebService

/// Notices by e-mail, to an SMTP server.
@Suite(.database, .whateverHappens)
struct AlertMailTests {
  /// Takes mail as RFC 5321 has it, and refuses the first message; writes each to a file as JSON.
  private static let server = """
    import email, email.policy, json, socketserver, sys
    seen = [0]
    class Mail(socketserver.StreamRequestHandler):
        def say(self, text): self.wfile.write((text + '\\r\\n').encode())
        def handle(self):
            self.say('220 test')
            recipients = []
            while line := self.rfile.readline():
                word = line.decode().strip()
                verb = word.split(' ')[0].upper()
                if verb == 'EHLO': self.say('250 test')
                elif verb == 'MAIL': sender = word; self.say('250 ok')
                elif verb == 'RCPT': recipients.append(word); self.say('250 ok')
                elif verb == 'DATA':
                    self.say('354 go on')
                    data = b''
                    while (line := self.rfile.readline()) != b'.\\r\\n': data += line[1:] if line[:1] == b'.' else line
                    seen[0] += 1
                    if seen[0] == 1: self.say('451 not now'); continue
                    message = email.message_from_bytes(data, policy=email.policy.default)
                    with open(sys.argv[1], 'a') as f:
                        f.write(json.dumps({'sender': sender, 'recipients': recipients, 'subject': message['Subject'],
                            'to': message['To'], 'body': message.get_content(), 'headers': sorted(message.keys()),
                            'reply': message['In-Reply-To'], 'id': message['Message-ID'], 'date': message['Date'].datetime.isoformat(),
                            'defects': [str(d) for d in message.defects]}) + '\\n')
                    self.say('250 taken')
                elif verb == 'QUIT': self.say('221 bye'); return
                else: self.say('502 what?')
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Mail) as server:
        open(sys.argv[1] + '.port', 'w').write(str(server.server_address[1]))
        server.serve_forever()
    """

  @Test func noticesAreSentAsMail() async throws {
    let connection = try await TestDatabase.current.connect()
    let file = "/tmp/aker-mail-\(UUID().uuidString)"
    defer { for end in ["", ".port"] { try? FileManager.default.removeItem(atPath: file + end) } }
    let server = try await Program.start("python3", ["-c", Self.server, file])
    defer { server.send(SIGKILL) }
    func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    try await eventually("the server listens") { Int(text(file + ".port")) != nil }
    let term: Int64 = try await connection.one("SELECT schedule.lead(gen_random_uuid(), 'test') AS term").decode("term")
    try await connection.execute("UPDATE schedule.leader SET expires_at = 'infinity'")
    // What could be a header, end the message, or be no text at all.
    let summary = "vóll\r\nBcc: evil@example.org\r\n.\r\n" + String(repeating: "ж", count: 100)
    let trouble = JSONValue.array([
      .object([
        "kind": .string("lake_full"), "subject": .string("/lake"), "severity": .string("critical"),
        "holds_for": .string("0"), "summary": .string(summary), "advice": .string("aker lake prune\r\n.\r\n"),
      ])
    ])
    let look = "SELECT kind FROM service.look_for_trouble($1, '{email}', $2::jsonb)"
    _ = try await connection.query(look, [term, trouble.json])
    _ = try await connection.query(look, [term, "[]"])
    let sender = AlertSender(
      [
        AlertDestination(
          .email, url: "smtp://127.0.0.1:\(text(file + ".port"))",
          mail: .init(sender: "aker@example.org", recipients: ["mia@example.org", "ops@example.org"]))
      ], database: TestDatabase.current.configuration, scratch: file + ".scratch",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let running = Task { try await sender.run() }
    defer { running.cancel() }
    try await eventually("the refusal is kept") {
      try await AlertLine.list(state: nil, connection).first?.delivery_error?.contains("451") == true
    }
    try await connection.execute("UPDATE service.notice SET next_attempt_at = now()")
    try await eventually("both are told") { text(file).split(separator: "\n").count == 2 }
    let mails = text(file).split(separator: "\n").map { JSONValue(parsing: String($0)) }
    for mail in mails {
      #expect(mail.at("sender")?.text == "MAIL FROM:<aker@example.org>", "\(mail)")
      #expect(mail.at("recipients")?.json == #"["RCPT TO:<mia@example.org>","RCPT TO:<ops@example.org>"]"#, "\(mail)")
      #expect(mail.at("defects")?.json == "[]", "\(mail)")
      #expect(mail.at("headers")?.json.contains("Bcc") == false, "\(mail)")
    }
    #expect(mails[0].at("subject")?.text?.hasPrefix("[aker critical] vóll") == true, "\(mails[0])")
    #expect(mails[0].at("subject")?.text?.hasSuffix(String(repeating: "ж", count: 100)) == true, "\(mails[0])")
    #expect(mails[0].at("body")?.text?.contains("aker lake prune") == true)
    #expect(mails[1].at("subject")?.text?.hasPrefix("[aker over]") == true)
    #expect(mails[1].at("reply") == mails[0].at("id") && mails[1].at("id") != mails[0].at("id"))
    await connection.close()
  }
}
