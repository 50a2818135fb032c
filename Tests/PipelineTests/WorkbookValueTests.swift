import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// Cells of a workbook are read as people see them, and not as the file keeps them.
@Suite("Values of workbooks")
struct WorkbookValueTests {
  private static let fields = "format: xlsx, columns: [code, value, beside]"
  private static let query = "SELECT code, value, beside FROM raw.rows ORDER BY code"

  private static func workbook(_ scene: FormatScene, _ rows: [String], from1904: Bool = false) async throws -> String {
    let path = scene.folder + "/\(UUID().uuidString).xlsx"
    let result = try await Program.run(
      "python3", [PackageRoot.path + "/Tests/Tools/workbook.py", path, "S", "code|value|beside"] + rows)
    try #require(result.exitCode == 0, "\(result)")
    guard from1904 else { return path }
    let other = path + ".1904.xlsx"
    try await FormatScene.zip(
      """
      for i in zipfile.ZipFile('\(path)').infolist():
        b=zipfile.ZipFile('\(path)').read(i)
        z.writestr(i, b.replace(b'<sheets>', b'<workbookPr date1904="1"/><sheets>'))
      """, other)
    return other
  }

  @Test("dates, truths and numbers in E notation; texts, other numbers and what is empty stay as they are")
  func shown() async throws {
    try await FormatScene.open { scene in
      let path = try await Self.workbook(
        scene,
        [
          "a|@1:44357|@4:0.125", "b|@2:44357.5|@3:0.5", "c|!b:1|!b:0", "d|1.2E3|1.5E-3", "e|a < b & \"c\"| padded ",
          "f|=TODAY()->44357|!e:#N/A", "g|@1:1|@1:60", "h|@1:-5|@1:61", "i||0123",
          "j|1.2345678901234567E+19|!d:2021-06-10",
        ])
      #expect(
        try await scene.read(Self.fields, path, Self.query).rows == [
          #"{"code":"a","value":"2021-06-10","beside":"0.125"}"#,
          #"{"code":"b","value":"2021-06-10 12:00:00","beside":"0.5"}"#,
          #"{"code":"c","value":"true","beside":"false"}"#,
          #"{"code":"d","value":"1200","beside":"1.5E-3"}"#,
          #"{"code":"e","value":"a < b & \"c\"","beside":" padded "}"#,
          ##"{"code":"f","value":"44357","beside":"#N/A"}"##,
          // Workbooks know a 29th of February 1900, which there was not.
          #"{"code":"g","value":"1900-01-01","beside":"60"}"#,
          #"{"code":"h","value":"-5","beside":"1900-03-01"}"#,
          #"{"code":"i","value":null,"beside":"0123"}"#,
          #"{"code":"j","value":"1.2345678901234567E+19","beside":"2021-06-10"}"#,
        ])
      let other = try await Self.workbook(scene, ["a|@1:42895|"], from1904: true)
      #expect(
        try await scene.read(Self.fields, other, "SELECT value FROM raw.rows").rows == [#"{"value":"2021-06-10"}"#])
    }
  }

  @Test("a cell that names a text which the workbook does not have is refused by its place")
  func missingText() async throws {
    try await FormatScene.open { scene in
      let path = try await Self.workbook(scene, ["a|!s:0|x"])
      let refusal = await FormatScene.unreadable { _ = try await scene.read(Self.fields, path, Self.query) }
      #expect(refusal.contains("sheet 'S': cell B2 is text 0 of the workbook, which has 0"), "\(refusal)")
    }
  }
}
