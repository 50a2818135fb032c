import FoundationEssentials
import TestSupport
import Testing

@testable import Engine

/// The value macros have forms of their own for texts, which decide as the general ones.
@Suite("Forms for texts")
struct ValueFormTests {
  private static let values = [
    "", "0", "1", "-1", "+5", "05", "-0", "+0", "0.0", "-0.0", ".5", "5.", "1.0", "1.50", "1e3", "1E-3", "1e400",
    "1e-400",
    "-1e-400", "0e5", "0.0e-9", "1_000", "1_0.5", "0x1F", "0b1", "inf", "nan", "Infinity", " 5", "5 ", "\t5\n",
    "5\u{a0}",
    "1,000", "$5", "(5)", "N/A", "null", "true", "'5'", "\"5\"", "9007199254740991", "9007199254740992",
    "9007199254740993",
    "-9007199254740993", "+9007199254740993", "9007199254740993.000", " 9007199254740993 ", "9007199254740994",
    "9007199254740993.5", "170141183460469231731687303715884105728", "99999999999999999999999999999999999999999999",
    "1e23",
    "0.1", "4.9e-324", "2e-324", "5e-324", "-5e-324", "1.7976931348623159e308", "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809", "1e2", "½", "٣", "１", "--5", "1.2.3", "1e", "e5", "1.e5", "1f", "0.", "000.000",
    "2024-02-29",
    "2023-02-29", "2024-2-9", "2024/02/29", "02/29/2024", "2024-02-29T12:00:00Z", "2024-02-29 12:00:00.5+02:00",
    "0001-01-01", " 2024-02-29 ", "2024-13-01", "infinity", "today", "é€😀",
  ]
  private static let predicates = ["is_integer", "is_number", "is_kept", "is_plain_number", "is_date", "is_timestamp"]
  private static let expressions = [
    "as_integer(v)", "as_number(v)", "published_integer(v, 'c')", "published_double(v, 'c')",
    "published_moment(v, 'c')",
    "published_text(v, 'c')",
  ]

  private static func script(_ sql: String, mayHaveJSON: Bool) -> EngineScript {
    var script = EngineScript()
    BuildScript.addValueMacros(&script, spatial: false, mayHaveJSON: mayHaveJSON)
    script.add("texts", "CREATE TABLE texts (v VARCHAR);")
    script.add("values", sql)
    return script
  }

  @Test func theyDecideAsTheGeneralForms() async throws {
    let list = Self.values.map { "(\(SQL.literal($0)))" }.joined(separator: ", ")
    let decided = Self.predicates.map { "\($0)(v) AS \($0)" }.joined(separator: ", ")
    let sql = "SELECT v, \(decided) FROM (VALUES \(list), (NULL)) AS t (v);"
    try await PublishedTypeTests.withEngine { engine in
      let general = try await engine.run(Self.script(sql, mayHaveJSON: true)).texts("values")
      let own = try await engine.run(Self.script(sql, mayHaveJSON: false)).texts("values")
      #expect(general.count == Self.values.count + 1)
      #expect(own == general)
    }
  }

  @Test func theyRefuseInTheSameWords() async throws {
    try await PublishedTypeTests.withEngine { engine in
      for expression in Self.expressions {
        for value in ["'it''s'", "'9007199254740993.0'", "'a' || chr(0)", "'12'", "NULL"] {
          let sql = "SELECT \(expression) AS x FROM (SELECT \(value) AS v);"
          var said: [String] = []
          for mayHaveJSON in [true, false] {
            do {
              said.append(try await engine.run(Self.script(sql, mayHaveJSON: mayHaveJSON)).text("values") ?? "")
            } catch let failure as EngineFailure {
              said.append("\(failure.error)")
            }
          }
          #expect(said[0] == said[1], "\(expression) of \(value)")
        }
      }
    }
  }

  @Test func theyTellOfTheFirstRowThatIsRefused() async throws {
    let values = ["5", "NaN", "Infinity", "-inf", "1_0", "x", "0", "2024-02-30"].map { "(\(SQL.literal($0)))" }
    let sql = "CREATE TABLE rows AS SELECT v FROM (VALUES \(values.joined(separator: ", "))) AS t (v);"
    try await PublishedTypeTests.withEngine { engine in
      for (expression, first) in zip(Self.expressions, ["NaN", "NaN", "NaN", "NaN", "5"]) {
        let failure = await #expect(throws: EngineFailure.self) {
          try await engine.run(Self.script(sql + " SELECT \(expression) FROM rows;", mayHaveJSON: false))
        }
        let said = failure?.causes.joined(separator: " ") ?? ""
        #expect(said.contains("'\(first)' is no "), "\(expression): \(said)")
      }
    }
  }

  /// What a column costs to plan, before DuckDB leaves out what its type makes needless.
  @Test func theyArePlannedByAFractionOfTheCalls() async throws {
    let list = Self.expressions.dropLast().joined(separator: ", ")
    try await PublishedTypeTests.withEngine { engine in
      var calls: [Int] = []
      for mayHaveJSON in [true, false] {
        let plan = try await engine.runUnlocked(
          """
          \(ValueMacros.sql(mayHaveJSON: mayHaveJSON))
          CREATE TABLE texts (v VARCHAR);
          PRAGMA disable_optimizer;
          EXPLAIN (FORMAT json) SELECT \(list) FROM texts;
          """, reading: [])
        calls.append(plan.count { $0 == "(" })
      }
      #expect(calls[1] > 0 && calls[0] > 3 * calls[1], "\(calls)")
    }
  }
}
