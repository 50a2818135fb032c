import ArgumentParser

/// A second port, for https.
struct TLSOptions: ParsableArguments {
  @Option(help: "Listen for https on this port too; 0 takes a free one.")
  var tlsPort: Int?

  @Option(name: .customLong("tls-port-file"), help: "Write the https port to this file once listening.")
  var portFile: String?

  @Option(help: "The certificate to show: \(TLSCertificate.allCases.map(\.rawValue).joined(separator: ", ")).")
  var tlsCertificate = TLSCertificate.valid

  @Option(help: "Write the certificate to this file, for clients to trust.")
  var tlsCertificateFile: String?

  func validate() throws {
    guard tlsPort.map((0...65_535).contains) ?? true else {
      throw ValidationError("--tls-port must be between 0 and 65535")
    }
    guard tlsPort != nil || portFile == nil && tlsCertificateFile == nil else {
      throw ValidationError("--tls-port is missing")
    }
  }

  /// Nil when no https port was asked for.
  func bind(host: String) async throws -> HTTPServer? {
    guard let tlsPort else { return nil }
    let context = try TLSContext(tlsCertificate)
    if let tlsCertificateFile { try Files.writeAtomically(context.certificatePEM, to: tlsCertificateFile) }
    return try await HTTPServer.bind(host: host, port: tlsPort, tls: context)
  }

  func announce(_ server: HTTPServer, host: String) throws {
    if let portFile { try Files.writeAtomically("\(server.port)\n", to: portFile) }
    print("listening on https://\(host):\(server.port) with a certificate that is \(tlsCertificate.rawValue)")
  }
}
