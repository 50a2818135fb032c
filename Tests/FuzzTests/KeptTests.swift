import Base
import FoundationEssentials
import Testing

@testable import Fetch

/// Inputs that a fuzzer, or somebody, has found, and what becomes of them now.
struct KeptTests {
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let path = "/tmp/aker-fuzz-kept-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":["])
  func nestingIsRefusedBeforeAnyReaderOfItHasToEndIt(_ piece: String) throws {
    for count in [1_000, 400_000] {
      try withFile(Array(String(repeating: piece, count: count).utf8)) { path in
        #expect(throws: TextCheck.Failure.self) {
          try TextCheck.check(path, json: .values, BlockingWork.Cancellation())
        }
        #expect(throws: JSONReader.Failure.self) { try JSONScan(file: path, paths: ["a"]) }
      }
    }
  }

  @Test func bracketsWithinTextsAreNoNesting() throws {
    let text = "{\"a\": \"" + String(repeating: "[{\\\"", count: 2_000) + "\", \"b\": [1]}"
    try withFile(Array(text.utf8)) { path in
      try TextCheck.check(path, json: .values, BlockingWork.Cancellation())
    }
  }

  /// A feed of a few hundred bytes whose one entity is named a hundred thousand times: quadratic, and no depth at all.
  @Test func aFlatBombOfEntitiesIsRefused() throws {
    let entity = String(repeating: "a", count: 50_000)
    let document =
      "<!DOCTYPE rss [<!ENTITY a \"\(entity)\">]><rss><channel><item><title>"
      + String(repeating: "&a;", count: 50_000) + "</title></item></channel></rss>"
    try withFile(Array(document.utf8)) { path in
      #expect(throws: FeedReader.Failure.self) { try FeedReader.read(path) { _ in } }
    }
  }

  /// A table of dBase without records, whose header says that it ends before its own first bytes, or after all of them.
  @Test(arguments: [0, 1, 11, 31, 33, 40_000])
  func aTableWhoseHeaderIsNoHeaderIsRefused(_ length: Int) throws {
    let folder = "/tmp/aker-fuzz-kept-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var bytes = [UInt8](repeating: 0, count: 32)
    (bytes[0], bytes[8], bytes[9], bytes[10]) = (3, UInt8(length & 0xFF), UInt8(length >> 8), 13)
    try Data(bytes).write(to: URL(filePath: folder + "/a.dbf"))
    #expect(throws: AttributeTable.Failure.self) {
      try AttributeTable.recode(beside: folder + "/a.shp", declared: "utf-8", columns: nil)
    }
  }
}
