import FoundationEssentials
import TestSupport
import Testing

@testable import Engine

@Suite("Casts of texts to numbers")
struct StrictCastTests {
  @Test(
    "a cast to a number is checked, and nothing else is touched",
    arguments: [
      ("SELECT CAST(a AS BIGINT) FROM t", "SELECT CAST(checked_integer(a) AS BIGINT) FROM t"),
      ("SELECT a::int, b::DOUBLE", "SELECT checked_integer(a)::int, checked_number(b)::DOUBLE"),
      ("SELECT t.a::bigint", "SELECT checked_integer(t.a)::bigint"),
      ("SELECT f(a, 'x')::INTEGER", "SELECT checked_integer(f(a, 'x'))::INTEGER"),
      ("SELECT m['a']::INTEGER", "SELECT checked_integer(m['a'])::INTEGER"),
      ("SELECT (a || b)::INTEGER", "SELECT checked_integer((a || b))::INTEGER"),
      (
        "SELECT CAST(CAST(a AS DOUBLE) AS BIGINT)",
        "SELECT CAST(checked_integer(CAST(checked_number(a) AS DOUBLE)) AS BIGINT)"
      ),
      ("SELECT CAST(a AS DECIMAL(5,1))", "SELECT CAST(checked_decimal(a, 1) AS DECIMAL(5,1))"),
      ("SELECT a::NUMERIC(5)", "SELECT checked_decimal(a, 0)::NUMERIC(5)"),
      ("SELECT CAST(a AS DECIMAL)", "SELECT CAST(checked_decimal(a, 3) AS DECIMAL)"),
      (
        "SELECT CAST(CAST(a AS DECIMAL(9,2)) AS BIGINT)",
        "SELECT CAST(checked_integer(CAST(checked_decimal(a, 2) AS DECIMAL(9,2))) AS BIGINT)"
      ),
      ("SELECT a::FLOAT, CAST(b AS REAL)", "SELECT checked_float(a)::FLOAT, CAST(checked_float(b) AS REAL)"),
      ("SELECT CAST(a AS TIMESTAMP)", "SELECT CAST(checked_timestamp(a) AS TIMESTAMP)"),
      ("SELECT CAST(a AS TIMESTAMP WITH TIME ZONE)", "SELECT CAST(a AS TIMESTAMP WITH TIME ZONE)"),
      (
        "SELECT CAST(CASE WHEN x AS_y THEN 1 END AS INTEGER)",
        "SELECT CAST(checked_integer(CASE WHEN x AS_y THEN 1 END) AS INTEGER)"
      ),
      ("SELECT CAST(a AS VARCHAR), b::DATE", "SELECT CAST(a AS VARCHAR), checked_date(b)::DATE"),
      ("SELECT TRY_CAST(a AS BIGINT)", "SELECT TRY_CAST(a AS BIGINT)"),
      ("SELECT CAST(a AS INTEGER[]), b::INTEGER[]", "SELECT CAST(a AS INTEGER[]), b::INTEGER[]"),
      ("SELECT 'CAST(a AS BIGINT)' -- a::INT\n, \"a::INT\"", "SELECT 'CAST(a AS BIGINT)' -- a::INT\n, \"a::INT\""),
      ("SELECT $$a::INT$$, /* a::INT */ E'\\'a::INT'", "SELECT $$a::INT$$, /* a::INT */ E'\\'a::INT'"),
      ("SELECT CAST(unnest(a) AS BIGINT)", "SELECT CAST(unnest(a) AS BIGINT)"),
      ("SELECT CASE a WHEN 1 THEN 2 END::INTEGER", "SELECT CASE a WHEN 1 THEN 2 END::INTEGER"),
    ])
  func rewritten(_ sql: String, _ expected: String) {
    #expect(StrictCasts(sql).sql == expected)
  }

  /// Where the catalog's SQL may make NULL, or leave a cast unchecked: each is meant, and said where it stands.
  private static let left = [
    "macros/openaddresses.sql": 2, "macros/geocoding.sql": 1, "macros/release_dates.sql": 2,
    "datasets/expansion_event/transform.sql": 2, "datasets/hazard_smoke/transform.sql": 1,
  ]

  @Test("every cast of the catalog is checked, but for those that are known to make NULL")
  func catalog() throws {
    var found: [String: Int] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: PackageRoot.catalog)
    where path.hasSuffix(".sql") && !path.hasPrefix("views/") {
      let text = try String(contentsOfFile: "\(PackageRoot.catalog)/\(path)", encoding: .utf8)
      let tokens = SQLToken.read(text)
      let tries = tokens.count { $0.isWord("try_cast") || $0.isWord("try") }
      let unchecked = tokens.indices.filter { Self.isUnchecked($0, tokens, Array(text.unicodeScalars)) }
      if tries + unchecked.count != 0 { found[path] = tries + unchecked.count }
    }
    #expect(found == Self.left)
  }

  /// Whether a cast begins there, by either form, to a type that makes another value of some.
  private static func isUnchecked(_ index: Int, _ tokens: [SQLToken], _ text: [Unicode.Scalar]) -> Bool {
    if tokens[index].isSymbol("::") { return true }
    guard tokens[index].isWord("cast"), let end = SQLToken.closing(tokens, index + 1) else { return false }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text[tokens[index].start..<tokens[end].end])
    let cast = String(scalars)
    return !StrictCasts(cast).sql.hasPrefix("CAST(checked_")
      && cast.firstMatch(of: /AS (VARCHAR|JSON|MAP)\b[^\n]*\)$/) == nil
  }

  @Test("a place in the checked text is the place in the file")
  func places() {
    let sql = "SELECT 1,\n  CAST(a AS BIGINT), nope"
    let strict = StrictCasts(sql)
    let line = strict.sql.split(separator: "\n")[1]
    let column = line.distance(from: line.startIndex, to: line.firstRange(of: "nope")?.lowerBound ?? line.startIndex)
    #expect(strict.original(line: 2, column: column + 1) == 22)
    #expect(strict.original(line: 1, column: 8) == 8)
  }
}
