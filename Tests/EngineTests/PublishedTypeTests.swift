import Base
@testable import Engine
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
    ("5::TINYINT", "5.0"), ("9007199254740992::HUGEINT", "9007199254740992.0"),
    ("9007199254740993", nil), ("-9007199254740993", nil), ("9007199254740994", "9007199254740994.0"),
    ("9007199254740993::HUGEINT", nil), ("18446744073709551615::UBIGINT", nil), ("9007199254740993::UHUGEINT", nil),
    ("2.50::DECIMAL(4,2)", "2.5"),
    ("0.5::FLOAT", "0.5"), ("0.5::DOUBLE", "0.5"), ("'NaN'::DOUBLE", nil), ("'inf'::FLOAT", nil),
    ("-'inf'::DOUBLE", nil),
    ("true", "1.0"), ("'2.5'", "2.5"), ("'2_5'", nil), ("'NaN'", nil), ("'9007199254740993'", nil),
    (#"'"2.5"'::JSON"#, "2.5"), ("'2.5'::JSON", "2.5"), (#"'"x"'::JSON"#, nil), ("DATE '2021-01-01'", nil),
    ("NULL", "null"), ("NULL::BIGINT", "null"), ("NULL::VARCHAR", "null"),
  ]

  static let decimals: [(String, String?)] = [
    ("61145.55::DOUBLE", nil), ("61145.5::DOUBLE", "61145.5"), ("0.1::DOUBLE + 0.2::DOUBLE", "0.3"),
    ("0.1::FLOAT", "0.1"),
    ("5.55::DECIMAL(9,2)", nil), ("'5.55'", nil), ("'5.50'", "5.5"), ("'NaN'::DOUBLE", nil), ("5", "5.0"),
  ]

  /// A cast to a whole number, a float or a decimal, wherever it stands in a transform.
  static let casts: [(String, String?)] = [
    ("CAST(CAST('61145.5' AS DOUBLE) AS BIGINT)", nil), ("CAST(CAST('61145.0' AS DOUBLE) AS BIGINT)", "61145"),
    ("CAST((CAST('61145.5' AS DOUBLE)) AS BIGINT)", nil), ("coalesce(CAST('61145.5' AS DOUBLE), 0)::BIGINT", nil),
    ("CAST(nullif('5.5'::DOUBLE, -1) AS INTEGER)", nil), ("CAST(x AS BIGINT) FROM (SELECT 5.5::DOUBLE AS x)", nil),
    ("CAST(sum(x) AS BIGINT) FROM (VALUES (2.5), (2.5)) AS t (x)", "5"), ("CAST(avg(5.5) AS BIGINT)", nil),
    ("CAST(round(5.5::DOUBLE) AS BIGINT)", "6"), ("(5 / 2)::INTEGER", nil), ("(5 // 2)::INTEGER", "2"),
    ("CAST(12345678901234567.5::DECIMAL(38,10) AS BIGINT)", nil), ("CAST('NaN'::DOUBLE AS BIGINT)", nil),
    ("CAST(true AS INTEGER)", "1"), ("CAST(NULL::DOUBLE AS BIGINT)", "null"),
    ("CAST('0.1' AS FLOAT)", nil), ("'16777217'::REAL", nil), ("'0.5'::REAL", "0.5"), ("'1e-50'::REAL", nil),
    ("CAST('61145.55'::DOUBLE AS DECIMAL(9,1))", nil), ("CAST(0.1::DOUBLE + 0.2::DOUBLE AS DECIMAL(9,1))", "0.3"),
    ("CAST('5.55'::DOUBLE AS DECIMAL(9,2))", "5.55"), ("CAST(0.25::FLOAT AS DECIMAL(9,2))", "0.25"),
    ("0.1::DOUBLE::FLOAT", nil), ("0.5::DOUBLE::FLOAT", "0.5"), ("16777217::FLOAT", nil), ("true::FLOAT", "1.0"),
    ("9007199254740993::DOUBLE", nil), ("9007199254740992::DOUBLE", "9007199254740992.0"),
    ("CAST(CAST('-9007199254740993' AS BIGINT) AS DOUBLE)", nil), ("9007199254740994::DOUBLE", "9007199254740994.0"),
    ("x::DOUBLE FROM (SELECT 9007199254740993 AS x)", nil),
    ("CAST(sum(x) AS DOUBLE) FROM (VALUES (9007199254740992), (1)) AS t (x)", nil),
    ("18446744073709551615::UBIGINT::DOUBLE", nil), ("as_number(9007199254740993)", nil),
    ("9007199254740993::DECIMAL(18,0)::DOUBLE", nil), ("2.50::DECIMAL(9,2)::DOUBLE", "2.5"),
    ("9007199254740993 * 1e0", "9007199254740992.0"), ("NULL::BIGINT::DOUBLE", "null"),
    ("CAST(5.555::DECIMAL(9,3) AS DECIMAL(9,2))", nil),
    ("CAST(5 AS DECIMAL(9,2))", "5.00"),
  ]

  /// Where values may be of type JSON, texts have no forms of their own: what is no JSON is the same with and without them.
  private static func isLeftOut(_ expression: String, _ mayHaveJSON: Bool) -> Bool {
    !mayHaveJSON && expression.contains("JSON")
  }

  @Test("a cast keeps the value that it is given, or stops", arguments: [true, false])
  func casts(_ mayHaveJSON: Bool) async throws {
    try await Self.withEngine { engine in
      for (expression, value) in Self.casts where !Self.isLeftOut(expression, mayHaveJSON) {
        var script = EngineScript()
        BuildScript.addValueMacros(&script, spatial: false, mayHaveJSON: mayHaveJSON)
        let select =
          expression.contains(" FROM ") ? expression.replacing(" FROM ", with: " AS v FROM ") : expression + " AS v"
        script.add("value", StrictCasts("SELECT \(select);").sql)
        do {
          let row = try await engine.run(script).text("value") ?? ""
          #expect(value.map { Self.value(row) == $0 } == true, "\(expression): \(row)")
        } catch let failure as EngineFailure {
          #expect(value == nil, "\(expression): \(failure.error)")
        }
      }
    }
  }

  /// Of `{"v":5}`, or of `{"v":"5.0"}`, as a decimal is written.
  private static func value(_ row: String) -> String { String(row.dropFirst(5).dropLast()).filter { $0 != "\"" } }

  static func withEngine(_ body: (Engine) async throws -> Void) async throws {
    let folder = "/tmp/aker-types-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let duckdb = try await DuckDB.locate(
      explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker")
    try await body(
      Engine(
        duckdb, limits: EngineLimits(memoryBytes: 268_435_456, threads: 1, temporaryDirectory: folder),
        logger: Logger(label: "test")))
  }

  @Test("a value of any type is published whole, or refused", arguments: [true, false])
  func types(_ mayHaveJSON: Bool) async throws {
    try await Self.withEngine { engine in
      for (macro, type, cases) in [
        ("published_integer", "BIGINT", Self.integers), ("published_double", "DOUBLE", Self.doubles),
        ("published_decimal", "DECIMAL(12,1)", Self.decimals),
      ] {
        for (expression, published) in cases where !Self.isLeftOut(expression, mayHaveJSON) {
          var script = EngineScript()
          BuildScript.addValueMacros(&script, spatial: false, mayHaveJSON: mayHaveJSON)
          script.add(
            "value",
            "SELECT CAST(\(macro)(x, 'c'\(macro == "published_decimal" ? ", 1" : "")) AS \(type)) AS v FROM (SELECT \(expression) AS x);"
          )
          do {
            let output = try await engine.run(script)
            let row = output.text("value") ?? ""
            #expect(published.map { Self.value(row) == $0 } == true, "\(type) of \(expression): \(row)")
          } catch let failure as EngineFailure {
            #expect(published == nil, "\(type) of \(expression): \(failure.error)")
          }
        }
      }
    }
  }
}
