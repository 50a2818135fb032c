import Base
import Engine
import FoundationEssentials
import Logging
import TestSupport
import Testing

/// What a transform's own type becomes in a column of another one: the same value, or an error, whichever form of its macro
/// DuckDB takes for the type.
struct PublishedTypeTests {
  /// An expression of a transform's, and how it is published; nil where it is refused.
  static let integers: [(String, String?)] = [
    ("5::TINYINT", "5"), ("5::UINTEGER", "5"), ("5::UBIGINT", "5"), ("9223372036854775807", "9223372036854775807"),
    ("18446744073709551615::UBIGINT", nil), ("9007199254740993::HUGEINT", "9007199254740993"),
    ("9223372036854775808::HUGEINT", nil), ("9007199254740993::DECIMAL(18,0)", "9007199254740993"),
    ("5.0::DECIMAL(4,1)", "5"), ("5.5::DECIMAL(4,1)", nil), ("5.0::DOUBLE", "5"), ("5.5::DOUBLE", nil),
    ("5.5::FLOAT", nil), ("'NaN'::DOUBLE", nil), ("true", "1"), ("'5'", "5"), ("'5.5'", nil), ("'5_0'", nil),
    (#"'"5"'::JSON"#, "5"), (#"'"5.5"'::JSON"#, nil), ("'5'::ENUM ('5')", "5"), ("DATE '2021-01-01'", nil),
    ("[5]", nil),
    ("NULL", "null"), ("NULL::DOUBLE", "null"), ("NULL::VARCHAR", "null"),
  ]
  static let doubles: [(String, String?)] = [
    ("5::TINYINT", "5.0"), ("9007199254740992::HUGEINT", "9007199254740992.0"), ("2.50::DECIMAL(4,2)", "2.5"),
    ("0.5::FLOAT", "0.5"), ("0.5::DOUBLE", "0.5"), ("'NaN'::DOUBLE", nil), ("'inf'::FLOAT", nil),
    ("-'inf'::DOUBLE", nil),
    ("true", "1.0"), ("'2.5'", "2.5"), ("'2_5'", nil), ("'NaN'", nil), ("'9007199254740993'", nil),
    (#"'"2.5"'::JSON"#, "2.5"), ("'2.5'::JSON", "2.5"), (#"'"x"'::JSON"#, nil), ("DATE '2021-01-01'", nil),
    ("NULL", "null"), ("NULL::BIGINT", "null"), ("NULL::VARCHAR", "null"),
  ]

  @Test("a value of any type is published whole, or refused")
  func types() async throws {
    let folder = "/tmp/aker-types-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let duckdb = try await DuckDB.locate(
      explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker")
    let engine = Engine(
      duckdb, limits: EngineLimits(memoryBytes: 268_435_456, threads: 1, temporaryDirectory: folder),
      logger: Logger(label: "test"))
    for (macro, type, cases) in [
      ("published_integer", "BIGINT", Self.integers), ("published_double", "DOUBLE", Self.doubles),
    ] {
      for (expression, published) in cases {
        var script = EngineScript()
        BuildScript.addValueMacros(&script, spatial: false)
        script.add("value", "SELECT CAST(\(macro)(x, 'c') AS \(type)) AS v FROM (SELECT \(expression) AS x);")
        do {
          let output = try await engine.run(script)
          let row = output.text("value") ?? ""
          #expect(published.map { row == "{\"v\":\($0)}" } == true, "\(type) of \(expression): \(row)")
        } catch let failure as EngineFailure {
          #expect(published == nil, "\(type) of \(expression): \(failure.error)")
        }
      }
    }
  }
}
