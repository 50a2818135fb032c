import Base
import FoundationEssentials
import HTTP
import TestSupport
import Testing

/// One transfer, from a real server into a file.
struct TransferTests {
  private func transferring(
    _ path: String, faults: String = "[]", _ body: (HTTPTransfer, Simulator) async throws -> Void
  ) async throws {
    let folder = "/tmp/aker-transfer-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(faults.utf8).write(to: URL(filePath: folder + "/faults.json"))
    try await Simulator.running(arguments: ["--faults", folder + "/faults.json"]) { simulator in
      var transfer = HTTPTransfer(url: simulator.endpoint + path, file: folder + "/document")
      transfer.allowsPrivateAddress = true
      try await body(transfer, simulator)
    }
  }

  @Test func theFileIsWhatWasHashed() async throws {
    try await transferring("/_generated/100000") { transfer, _ in
      let response = try await transfer.perform()
      let bytes = try #require(FileManager.default.contents(atPath: transfer.file))
      #expect(response.status == 200 && response.byteCount == 100_000 && bytes.count == 100_000)
      #expect(try await SHA256.hash(ofFile: transfer.file).sha256 == response.sha256)
      #expect(response.beginning == Array(bytes.prefix(HTTPTransfer.beginningByteCount)))
      #expect(response.resumeCount == 0 && response.redirectCount == 0)
    }
  }

  @Test func aDocumentOverTheLimitEndsThere() async throws {
    try await transferring("/_generated/100000") { transfer, _ in
      var transfer = transfer
      transfer.limits.maximumBytes = 99_999
      await #expect(throws: HTTPTransfer.Failure.tooLarge) { _ = try await transfer.perform() }
      transfer.limits.maximumBytes = 100_000
      let whole = try await transfer.perform()
      #expect(whole.byteCount == 100_000)
    }
  }

  @Test func aPrivateAddressIsRefusedBeforeAByteIsSent() async throws {
    try await transferring("/_generated/10") { transfer, simulator in
      var transfer = transfer
      transfer.allowsPrivateAddress = false
      let error = await #expect(throws: HTTPTransfer.Failure.self) { _ = try await transfer.perform() }
      guard case .unsafe = error else { throw TestFailure("\(String(describing: error))") }
    }
  }

  @Test func whoeverRefusesPermissionIsHeardBeforeEachExchange() async throws {
    struct Refused: Error {}
    try await transferring("/_generated/10") { transfer, _ in
      await #expect(throws: Refused.self) { _ = try await transfer.perform { throw Refused() } }
    }
  }

  @Test func aFileThatCannotBeWrittenIsSaidAsSuch() async throws {
    try await transferring("/_generated/10") { transfer, _ in
      var transfer = transfer
      transfer.file = "/dev/null/document"
      let error = await #expect(throws: HTTPTransfer.Failure.self) { _ = try await transfer.perform() }
      guard case .cannotWrite(let why) = error else { throw TestFailure("\(String(describing: error))") }
      #expect(why.contains("/dev/null/document"))
    }
  }
}
