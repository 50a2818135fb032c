import FoundationEssentials
import TestSupport
import Testing

/// A value as a source may write it, in a column of each type: right, or refused with the value, its line and its document.
struct StrictValueTests {
  struct Value: Sendable, CustomTestStringConvertible {
    var type: String
    var text: String
    /// As it is published; nil where it is refused.
    var published: String?

    init(_ type: String, _ text: String, _ published: String?) {
      (self.type, self.text, self.published) = (type, text, published)
    }

    var testDescription: String { "\(type) '\(text)'" }
  }

  static let all: [Value] = [
    Value("bigint", "5.0", "5"), Value("bigint", "+5", "5"), Value("bigint", "5-", nil), Value("bigint", "(5)", nil),
    Value("bigint", "1\u{A0}000", nil), Value("bigint", "１２", nil), Value("bigint", "1e3", nil),
    Value("bigint", "99999999999999999999", nil), Value("bigint", "-", nil), Value("bigint", "\u{2212}5", nil),
    Value("double", "1e3", "1000"), Value("double", "1e400", nil), Value("double", "Inf", nil),
    Value("double", "1_0", nil),
    Value("double", "1.000,5", nil), Value("double", "true", nil), Value("double", "9007199254740993", nil),
    Value("double", "-36028797018963969", nil), Value("double", "9007199254740992", "9007199254740992"),
    Value("date", "2021-06-10 10:00 or so", nil), Value("date", "2021-06-10T10:00:00.5-04:00", "2021-06-10"),
    Value("date", "2021-06-01", "2021-06-01"), Value("date", "2021/6/1", "2021-06-01"), Value("date", "21-06-10", nil),
    Value("date", "0021-06-10", nil), Value("date", "infinity", nil), Value("date", "epoch", nil),
    Value("date", "2021-02-30", nil), Value("date", "44357", nil), Value("date", "2021-06-10 BC", nil),
    Value("timestamp", "2021-06-10T10:00:00Z", "2021-06-10 10:00:00"),
    Value("timestamp", "2021-06-10", "2021-06-10 00:00:00"), Value("timestamp", "2021-06-10T10:00:00-04:00", nil),
    Value("timestamp", "-infinity", nil),
    Value("decimal(10,2)", "2.50", "2.50"), Value("decimal(10,2)", "2.5000", "2.50"),
    Value("decimal(10,2)", "2.005", nil),
    Value("decimal(10,2)", "12345678901234567890", nil), Value("decimal(10,2)", "NaN", nil),
    // A whole number in E notation has been through a program that shortens numbers: 39159 comes as 3.92E+04.
    Value("bigint", "1.2E3", nil), Value("double", "1.2E3", "1200"), Value("double", "1e-400", nil),
    Value("double", "0e-400", "0"), Value("double", "0x1F", nil),
    Value("decimal(10,2)", "1e-3", nil), Value("decimal(10,2)", "1.2E3", "1200.00"), Value("time", "25:00", nil),
  ]

  @Test func eachIsRightOrRefusedWhereItStands() async throws {
    let home = "/tmp/aker-values-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let files = FileManager.default
    for folder in ["files", "catalog/datasets"] {
      try files.createDirectory(atPath: home + "/" + folder, withIntermediateDirectories: true)
    }
    try Data("sources:\n  - {id: files, name: Files, endpoint: \"file://\(home)/files\"}\n".utf8)
      .write(to: URL(filePath: home + "/catalog/sources.yml"))
    for (number, value) in Self.all.enumerated() {
      let folder = home + "/catalog/datasets/value_\(number)"
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(
        """
        name: value_\(number)
        title: Value
        partitions: {years: 2021-}
        requests:
          - {name: file, source: files, path: /\(number).csv, format: csv, columns: [code, text]}
        columns:
          - {name: code, type: text, description: Code.}
          - {name: value, type: "\(value.type == "time" ? "text" : value.type)", description: Value.}
        key: [code]
        """.utf8
      ).write(to: URL(filePath: folder + "/dataset.yml"))
      try Data("SELECT code, CAST(text AS \(value.type.uppercased())) AS value FROM raw.file".utf8)
        .write(to: URL(filePath: folder + "/transform.sql"))
      try Data("code,text\na,\nb,\"\(value.text)\"\n".utf8).write(to: URL(filePath: home + "/files/\(number).csv"))
    }
    let environment = [
      "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog",
      "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
    ]
    for (number, value) in Self.all.enumerated() {
      let result = try await Program.run(
        Executable.aker, ["run", "value_\(number)", "--year", "2021", "--dry-run"], environment: environment)
      if let published = value.published {
        #expect(result.exitCode == 0 && result.output.contains(published), "\(value): \(result)")
      } else {
        #expect(result.exitCode == 65, "\(value): \(result)")
        for part in [value.text, "line 3, column text", "/\(number).csv"] {
          #expect(result.errorOutput.contains(part), "\(value): \(result)")
        }
      }
    }
  }
}
