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
          try TextCheck.check(path, json: JSONCheck(.values), BlockingWork.Cancellation())
        }
        #expect(throws: JSONReader.Failure.self) { try JSONScan(file: path, paths: ["a"]) }
      }
    }
  }

  @Test func bracketsWithinTextsAreNoNesting() throws {
    let text = "{\"a\": \"" + String(repeating: "[{\\\"", count: 2_000) + "\", \"b\": [1]}"
    try withFile(Array(text.utf8)) { path in
      try TextCheck.check(path, json: JSONCheck(.values), BlockingWork.Cancellation())
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

  /// The row after the last number that there is has none.
  @Test(arguments: [
    #"<row r="9223372036854775807"/><row/>"#, #"<row r="1048577"/>"#, #"<row r="1"><c r="ZZZZZZZZZZZZZZZZ1"/></row>"#,
  ])
  func aSheetWithoutAnEndIsRefused(_ rows: String) throws {
    try withFile(Array("<worksheet><sheetData>\(rows)</sheetData></worksheet>".utf8)) { path in
      var grid = WorkbookGrid(sheet: "Data", hasHeader: true)
      #expect(throws: WorkbookCheck.Failure.self) {
        try WorkbookCheck.nodes(path, "a sheet") { node, name, reader in
          if node == 1, name == "row" { try grid.beginRow(XMLText.attribute("r", reader)) }
          if node == 1, name == "c" { _ = try grid.beginCell(XMLText.attribute("r", reader)) }
        }
      }
    }
  }
}
