import Base
import FoundationEssentials
import Glibc
import HTTP
import TestSupport
import Testing

/// Mail by TLS and with a login, to servers of aiosmtpd.
struct MailTransferTests {
  private struct Servers {
    var ports: [String: Int]
    var folder: String

    var log: String {
      String(decoding: FileManager.default.contents(atPath: folder + "/log") ?? Data(), as: UTF8.self)
    }

    /// - Returns: why it was not taken; nil where it was.
    func send(
      _ server: String, _ scheme: String, user: String? = "aker", password: String? = "s3cret", trusting file: String?
    ) async throws -> String? {
      var transfer = MailTransfer(
        url: "\(scheme)://127.0.0.1:\(ports[server] ?? 0)", sender: "\(server)@example.org",
        recipients: ["mia@example.org"], message: Array("Subject: x\r\n\r\nbody\r\n".utf8))
      (transfer.user, transfer.password, transfer.timeout) = (user, password, .seconds(30))
      transfer.authorities = file.map { "\(folder)/\($0)" }
      do {
        try await transfer.send()
        return nil
      } catch let failure as MailTransfer.Failure {
        return failure.reason
      }
    }
  }

  private func serving(_ body: (Servers) async throws -> Void) async throws {
    let folder = "/tmp/aker-mail-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, subject) in [("good", "IP:127.0.0.1"), ("stranger", "DNS:mail.example.org")] {
      let made = try await Program.run(
        "openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext",
          "subjectAltName=\(subject)", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).pem",
        ])
      #expect(made.exitCode == 0, "\(made)")
    }
    let server = try await Program.start(
      "python3", [PackageRoot.path + "/Tests/Tools/mail.py", folder],
      environment: ["PYTHONPATH": PythonProgram.folder("aiosmtpd")])
    var ports: [String: Int]?
    try await eventually("the servers listen") {
      ports = FileManager.default.contents(atPath: folder + "/ports").flatMap {
        try? JSONDecoder().decode([String: Int].self, from: $0)
      }
      return ports != nil
    }
    do {
      try await body(Servers(ports: ports ?? [:], folder: folder))
    } catch {
      server.send(SIGKILL)
      throw error
    }
    server.send(SIGKILL)
    _ = try await server.wait()
  }

  @Test func whoKnowsTheCertificateIsLoggedInAndHeard() async throws {
    try await serving { servers in
      #expect(try await servers.send("starttls", "smtp", trusting: "good.pem") == nil)
      #expect(try await servers.send("smtps", "smtps", trusting: "good.pem") == nil)
      #expect(servers.log.contains("starttls took starttls@example.org tls"), "\(servers.log)")
      #expect(servers.log.contains("smtps took smtps@example.org tls"), "\(servers.log)")
      #expect(servers.log.split(separator: "\n").count { $0.hasSuffix("login aker s3cret") } == 2, "\(servers.log)")
      // A wrong password is the server's to refuse; and the reason does not tell it.
      let refused = try await servers.send("smtps", "smtps", password: "wrong-one", trusting: "good.pem") ?? ""
      #expect(refused.contains("535") && !refused.contains("wrong-one"), "\(refused)")
    }
  }

  /// Nothing is said to a server that is another than its name says: no login, no message.
  @Test func aCertificateOfAnotherNameIsRefused() async throws {
    try await serving { servers in
      for (server, scheme) in [("starttls-stranger", "smtp"), ("smtps-stranger", "smtps")] {
        let refused = try await servers.send(server, scheme, trusting: "stranger.pem")
        #expect(
          refused?.contains("no alternative certificate subject name matches target host name '127.0.0.1'") == true,
          "\(server): \(refused ?? "taken")")
        // Where no login is asked for, STARTTLS is still held to its certificate.
        let unnamed = try await servers.send(server, scheme, user: nil, password: nil, trusting: "stranger.pem")
        #expect(unnamed != nil, "\(server)")
      }
      for (server, scheme) in [("starttls", "smtp"), ("smtps", "smtps")] {
        let unknown = try await servers.send(server, scheme, trusting: nil)
        #expect(unknown?.contains("certificate") == true, "\(server): \(unknown ?? "taken")")
      }
      #expect(servers.log == "", "\(servers.log)")
    }
  }

  @Test func aLoginIsNotSentInTheClear() async throws {
    try await serving { servers in
      let refused = try await servers.send("plain", "smtp", trusting: nil)
      #expect(refused?.isEmpty == false)
      #expect(servers.log == "", "\(servers.log)")
      // A server on this host that wants no login is spoken to as it speaks.
      #expect(try await servers.send("plain", "smtp", user: nil, password: nil, trusting: nil) == nil)
      #expect(servers.log.contains("plain took plain@example.org plain"), "\(servers.log)")
    }
  }
}
