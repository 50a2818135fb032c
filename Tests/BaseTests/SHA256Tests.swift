import Base
import FoundationEssentials
import Testing

struct SHA256Tests {
  /// FIPS 180-4's examples, and the empty text.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func knownTextsHaveTheirHash(_ text: String, _ hash: String) {
    #expect(SHA256.hash(text) == hash)
  }

  @Test func aFileReadInPiecesHasTheHashOfItsText() async throws {
    // Two pieces and a bit.
    let text = String(repeating: "0123456789abcdef", count: 131_073)
    let path = "/tmp/aker-hash-\(UUID().uuidString)"
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let found = try await SHA256.hash(ofFile: path)
    #expect(found.sha256 == SHA256.hash(text))
    #expect(found.byteCount == text.utf8.count)
  }

  @Test func aFileThatCannotBeReadIsATransientErrorWithItsPath() async throws {
    let error = await #expect(throws: FileError.self) { _ = try await SHA256.hash(ofFile: "/nowhere/file") }
    #expect(error?.errorClass == .transient)
    #expect(error?.summary == "cannot read /nowhere/file: No such file or directory")
  }
}
