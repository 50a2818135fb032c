import FoundationEssentials
import TestSupport
import Testing

/// The https port, seen by OpenSSL's own client.
struct TLSTests {
  /// What `openssl s_client` says to the root page when it trusts the written certificate and nothing else.
  private func visit(certificate: String, faults: String = "[]") async throws -> Program.Result {
    try await RecordingFolder.make(["faults.json": faults]) { folder in
      let (portFile, trusted) = (folder.path + "/port", folder.path + "/certificate.pem")
      let options = [
        "--tls-port", "0", "--tls-port-file", portFile, "--tls-certificate", certificate, "--tls-certificate-file",
        trusted,
        "--faults", folder.path + "/faults.json",
      ]
      return try await SimulatorProcess.run(recordings: folder.path, options) { _ in
        let port = String(decoding: try #require(FileManager.default.contents(atPath: portFile)), as: UTF8.self)
          .dropLast()
        // Not as the program's input: it may be gone before it reads that.
        return try await Program.run(
          "sh",
          [
            "-c", #"printf 'GET /_generated/300000 HTTP/1.0\r\n\r\n' | openssl s_client "$@""#, "sh", "-connect",
            "127.0.0.1:\(port)", "-CAfile", trusted, "-verify_ip", "127.0.0.1", "-verify_return_error", "-quiet",
            "-ign_eof",
          ])
      }
    }
  }

  @Test func aTrustedCertificateIsTaken() async throws {
    let result = try await visit(certificate: "valid")
    #expect(result.exitCode == 0)
    #expect(result.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(result.output.utf8.count > 300_000)
  }

  @Test(arguments: [("expired", "certificate has expired"), ("other-host", "IP address mismatch")])
  func aBadCertificateIsRefused(certificate: String, reason: String) async throws {
    let result = try await visit(certificate: certificate)
    #expect(result.exitCode == 1)
    #expect(result.errorOutput.contains(reason))
    #expect(result.output.isEmpty)
  }

  @Test func aResetDoesNotSayGoodbye() async throws {
    let result = try await visit(certificate: "valid", faults: #"{"fault": "reset", "after_bytes": 1000}"#)
    #expect(result.errorOutput.contains("errno=104"))
  }

  @Test func aPortFileWithoutAPortIsAMistake() async throws {
    let result = try await Program.run(
      Executable.simulator, ["--recordings", "/tmp", "--tls-port-file", "/tmp/never"])
    #expect(result.exitCode == 64)
    #expect(result.errorOutput.contains("--tls-port is missing"))
  }
}
