import Engine
import Fetch
import FoundationEssentials
import Quality
import TestSupport
import Testing

/// Inputs as somebody might send them, each with what is right: these rows, or a refusal that says so much.
@Suite("Odd inputs")
struct OddInputTests {
  enum Right: Sendable {
    /// Of the columns `a` and `b`, with a bar between.
    case rows([String])
    case refused([String])
  }

  struct Input: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var fields: String
    var document: [UInt8]
    var right: Right

    init(_ name: String, _ fields: String, _ document: some Sequence<UInt8>, _ right: Right) {
      (testDescription, self.fields, self.document, self.right) = (name, fields, Array(document), right)
    }

    init(_ name: String, _ fields: String, _ text: String, _ right: Right) {
      self.init(name, fields, text.utf8, right)
    }
  }

  private static let csv = "format: csv, columns: [a, b]"
  static let tables: [Input] = [
    Input("single quotes", csv, "a,b\n'x, y',2\n", .refused(["line 2 has 3 columns", "the header has 2"])),
    Input("quotes behind backslashes", csv, "a,b\n\"x \\\"y\\\" z\",2\n", .refused(["line 2, column 1 ('a')"])),
    Input("a delimiter behind a backslash", csv, "a,b\n\"x \\\", y\",2\n", .refused(["line 2 has 3 columns"])),
    Input("a byte order mark before a quoted header", csv, "\u{FEFF}\"a\",\"b\"\n\"1\",\"2\"\n", .rows(["1|2"])),
    Input("line ends of carriage returns alone", csv, "a,b\r1,2\r3,4\r", .rows(["1|2", "3|4"])),
    Input("a delimiter at the header's end alone", csv, "a,b,\n1,2\n", .rows(["1|2"])),
    Input("a delimiter at each row's end", csv, "a,b\n1,2,\n", .rows(["1|2"])),
    Input("a value behind the last column", csv, "a,b\n1,2,x\n", .refused(["line 2 has 3 columns"])),
    Input("a note at the end", csv, "a,b\n1,2\nSource: BLS\n", .refused(["line 3 has 1 column", "'Source: BLS'"])),
    Input("the same, stated", csv + ", footer: true", "a,b\n1,2\nSource: BLS\n", .rows(["1|2"])),
    Input("the header again in capitals", csv, "a,b\n1,2\nA,B\n3,4\n", .refused(["line 3 is the header once more"])),
    Input("the header again in quotes", csv, "a,b\n1,2\n\"a\",\"b\"\n", .refused(["line 3 is the header once more"])),
    Input(
      "the header again without its quotes, and with other line ends", csv, "\"A\",\"B\"\r\n1,2\r\na,b\r\n3,4\r\n",
      .refused(["line 3 is the header once more"])),
    Input(
      "the header again with spaces about its names", csv, "a,b\n1,2\n A , b \n3,4\n",
      .refused(["line 3 is the header once more"])),
    Input(
      "the header again without the spaces about its names", csv, "a ,\" b\"\n1,2\na,b\n3,4\n",
      .refused(["line 3 is the header once more"])),
    Input("columns in another order", csv, "b,a\n2,1\n", .rows(["1|2"])),
    Input("names in capitals, with spaces about them", csv, " A ,\u{A0}B \n1,2\n", .rows(["1|2"])),
    Input("thousands without quotes", csv, "a,b\nx,1,234\n", .refused(["line 2 has 3 columns"])),
    Input("a line break of Unicode within a value", csv, "a,b\n1,x\u{2028}y\n", .rows(["1|x\u{2028}y"])),
    Input("a line end within quotes", csv, "a,b\r\n1,\"2\r\n3\"\r\n", .rows(["1|2\r\n3"])),
    Input("a quote that is never closed", csv, "a,b\n1,\"2\n3,4\n", .refused(["opens on line 2"])),
    Input("a last line that was cut", csv, "a,b\n1,2\n3", .refused(["line 3 has 1 column"])),
    Input("an error as JSON", csv, "{\"error\": \"quota\"}", .refused(["line 1, column 1"])),
    Input(
      "zlib without gzip's head", csv, [0x78, 0x9C, 0x4B, 0xD4, 0x49, 0xE2, 0, 0], .refused(["line 1", "U+0000"])),
    Input(
      "double quotes of UTF-16 without a mark", csv, "a,b\n1,2\n".utf16.flatMap { [UInt8($0), 0] },
      .refused(["utf-16le"])),
    Input(
      "letters of Windows, stated as Latin-1", csv + ", encoding: iso-8859-1",
      [0x61, 0x2C, 0x62, 0x0A, 0x31, 0x2C, 0x93, 0x78, 0x94, 0x0A], .refused(["line 2, column 2", "windows-1252"])),
  ]

  /// A zip of one table, with a byte of its two headers set.
  private static func archive(_ name: String = "t.csv", local: Int, central: Int, _ value: UInt8) -> [UInt8] {
    var bytes = OddFile.archive([(name, Array("a,b\n1,2\n".utf8))])
    let directory = bytes.count - 22 - 46 - name.utf8.count
    (bytes[local], bytes[directory + central]) = (value, value)
    return bytes
  }

  private static let member = csv + ", member: \"*.csv\""
  static let archives: [Input] = [
    Input("a zip", member, OddFile.archive([("d/T.CSV", Array("a,b\n1,2\n".utf8))]), .rows(["1|2"])),
    Input("a member behind a password", member, archive(local: 6, central: 8, 1), .refused(["t.csv", "encrypted"])),
    Input("a member that is packed as deflate64", member, archive(local: 8, central: 10, 9), .refused(["t.csv"])),
    Input("a member that is packed as nobody does", member, archive(local: 8, central: 10, 77), .refused(["t.csv"])),
    Input("a wrong checksum", member, archive(local: 14, central: 16, 1), .refused(["t.csv", "damaged"])),
    Input("a name that leads out", member, OddFile.archive([("../t.csv", [])]), .refused(["'../t.csv'"])),
    Input("a zip of nothing", member, OddFile.archive([]), .refused(["the archive cannot be read"])),
    Input("a zip that was cut", member, Array(archive(local: 6, central: 8, 0).dropLast(10)), .refused(["archive"])),
  ]

  @Test("days of releases as feeds write them; none where they cannot be read")
  func releaseDates() async throws {
    let dates = [
      ("Wed, 10 Jun 2026 09:45:00 GMT", "2026-06-10"), ("Wed, 10 Jun 26 09:45 EST", "2026-06-10"),
      ("10 Jun 99", "1999-06-10"),
      ("Wed, 10 June 2026", "2026-06-10"), ("10 Sept. 2026 09:45", "2026-09-10"),
      ("Wednesday, 1 jan 2026", "2026-01-01"),
      ("2026-06-10", "2026-06-10"), ("2026-06-10T23:30:00-05:00", "2026-06-10"),
      (" 2026-06-10t09:45:00z", "2026-06-10"),
      ("Sat, 29 Feb 2024 00:00:00 +0000", "2024-02-29"), ("Sun, 29 Feb 2026", ""), ("31 Jun 2026", ""),
      ("2026-13-01", ""),
      ("2026-06-31T00:00:00Z", ""), ("10/06/2026", ""), ("06-10-2026", ""), ("June 10, 2026", ""), ("20260610", ""),
      ("1781092800", ""), ("10 Foo 2026", ""), ("0 Jun 2026", ""), ("soon", ""), ("", ""), ("10 Jun 202", ""),
    ]
    let macros = try String(contentsOfFile: PackageRoot.path + "/catalog/macros/release_dates.sql", encoding: .utf8)
    let values = dates.map { "('\($0.0)')" }.joined(separator: ", ")
    let result = try await Program.run(
      try await Workshop.duckdb.path,
      [
        "-noheader", "-list", "-c",
        macros + ";SELECT coalesce(CAST(release_date(d) AS VARCHAR), '') FROM (VALUES \(values)) AS t (d)",
      ])
    let found = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (date, day) in zip(dates, found) { #expect(date.1 == day, "\(date.0)") }
    #expect(found.count >= dates.count, "\(result)")
  }

  private static let fixed = "format: fixed_width, columns: [{name: a, at: [1, 3]}, {name: b, at: [4, 8]}]"
  static let widths: [Input] = [
    Input("letters of more than a byte", fixed, "ñ01  123\r\n002   45\r\n", .rows(["002|45", "ñ01|123"])),
    Input(
      "a number longer than its column", fixed, "001  123\n002   4567\n", .refused(["line 2", "characters 8 and 9"])),
    Input("a line moved by a character", fixed, "001  123\n 002   45\n", .refused(["line 2", "characters 8 and 9"])),
    Input(
      "a page's end before a line", fixed, "001  123\n\u{C}002   45\n", .refused(["line 2", "characters 8 and 9"])),
    Input("a tab", fixed, "001\t 123\n", .refused(["line 1", "it has a tab"])),
    Input(
      "a code beside a letter that is not declared",
      "format: fixed_width, columns: [{name: a, at: [3, 4]}, {name: b, at: [7, 9]}]",
      "CN01  001Autauga\n", .rows(["01|001"])),
    Input(
      "half of a code", "format: fixed_width, columns: [{name: a, at: [3, 5]}, {name: b, at: [7, 8]}]", "39049 12\n",
      .refused(["line 1", "characters 2 and 3"])),
  ]

  /// A record and what is right, in each of the formats that have records.
  private static let records: [(name: String, record: String, right: Right)] = [
    ("a number beyond 2^53", #"{"a":"x","b":9007199254740993}"#, .rows(["x|9007199254740993"])),
    (
      "a number beyond 2^64", #"{"a":"x","b":123456789012345678901234567890}"#,
      .rows(["x|123456789012345678901234567890"])
    ),
    ("nothing", #"{"a":"x","b":null}"#, .rows(["x|"])),
    ("a comma before the end", #"{"a":"x","b":"1",}"#, .rows(["x|1"])),
    (
      "a name twice, once with an escape", #"{"a":"x","b":"1","\u0062":"2"}"#,
      .refused(["a member twice", "first at line 1"])
    ),
    ("a name twice that nobody declared", #"{"a":"x","b":"1","c":1,"c":2}"#, .refused(["a member twice: 'c'"])),
    ("a name twice within a value", #"{"a":"x","b":{"c":1,"c":2}}"#, .refused(["a member twice: 'c'"])),
    ("half a character", #"{"a":"x","b":"\ud83d"}"#, .refused(["half a character"])),
    ("the other half", #"{"a":"x","b":"\ude00"}"#, .refused(["half a character"])),
    ("a name without quotes", #"{a:"x","b":"1"}"#, .refused(["found 'a', expected a member's name"])),
    ("single quotes", "{'a':'x','b':'1'}", .refused(["found ''', expected a member's name"])),
    ("a remark", #"{"a":"x",/* c */"b":"1"}"#, .refused(["found '/'"])),
    ("no colon", #"{"a" "x","b":"1"}"#, .refused(["found '\"', expected a colon"])),
    ("no comma", #"{"a":"x" "b":"1"}"#, .refused(["found '\"', expected a comma or the object's end"])),
    ("a code without quotes", #"{"a":"x","b":007}"#, .refused(["a number begins with 0", "Codes are texts"])),
    ("a plus", #"{"a":"x","b":+7}"#, .refused(["found '+', expected a value"])),
    ("a point before the number", #"{"a":"x","b":.7}"#, .refused(["found '.', expected a value"])),
    ("a point behind it", #"{"a":"x","b":7.}"#, .refused(["found '}', expected a digit"])),
    ("an exponent without a number", #"{"a":"x","b":7e}"#, .refused(["found '}', expected a digit"])),
    ("an escape that is none", #"{"a":"x","b":"\q"}"#, .refused(["'q' follows a backslash"])),
    ("a tab within a text", "{\"a\":\"x\",\"b\":\"p\tq\"}", .refused(["control character 0x09"])),
    ("Python's True", #"{"a":"x","b":True}"#, .refused(["'True' is no value"])),
    ("a list that ends as an object", #"{"a":"x","b":[1}}"#, .refused(["found '}', expected the list's end"])),
    ("what was cut", #"{"a":"x","b":"1"#, .refused(["within a text"])),
    ("a page behind it", #"{"a":"x","b":"1"}<!-- x -->"#, .refused(["found '<'"])),
  ]

  static let json: [Input] = records.flatMap { name, record, right in
    // With more members than are compared pair by pair.
    let padding = (0..<60).map { #""m\#($0)":[\#($0),-0.5e+2,"é\n"],"# }.joined()
    let wide = record.replacing("{\"a\":", with: "{" + padding + "\"a\":")
    return [
      Input(name, "format: json, columns: [a, b]", "[\(record)]", right),
      Input(name + ", at a path", "format: json, json_path: l, columns: [a, b]", "{\"l\":[\(wide)]}", right),
      Input(name + ", of lines", "format: ndjson, columns: [a, b]", record + "\n", right),
      Input(
        name + ", of features", "format: geojson, columns: [a, b]",
        #"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":\#(record)}]}"#, right),
    ]
  }

  static let jsonShapes: [Input] = [
    Input(
      "a table that was cut behind a row", "format: json_table, columns: [a, b]", #"[["a","b"],["x","1"],"#,
      .refused(["it ends before a list does (it began at line 1, character 1)"])),
    Input(
      "a table that was cut within a row", "format: json_table, columns: [a, b]", "[[\"a\",\"b\"],\n[\"x\",",
      .refused(["line 2, character 6", "it began at line 2, character 1"])),
    Input(
      "an object where an array was due", "format: json, columns: [a, b]", #"{"a":"x","b":"1"}"#,
      .refused(["found '{', expected an array of rows", "json_path:", "ndjson"])),
    Input(
      "two arrays", "format: json, columns: [a, b]", #"[{"a":"x","b":"1"}][{"a":"y","b":"2"}]"#,
      .refused(["found '[', expected the document's end"])),
    Input(
      "two objects on a line", "format: ndjson, columns: [a, b]",
      "{\"a\":\"x\",\"b\":\"1\"} {\"a\":\"y\",\"b\":\"2\"}\n",
      .refused(["found '{', expected the line's end"])),
    Input(
      "an object on two lines", "format: ndjson, columns: [a, b]", "{\"a\":\"x\",\n\"b\":\"1\"}\n",
      .refused(["the line ends before an object does", "format: json"])),
    Input(
      "blank lines", "format: ndjson, columns: [a, b]",
      "{\"a\":\"x\",\"b\":\"1\"}\r\n\r\n{\"a\":\"y\",\"b\":\"2\"}\r\n",
      .rows(["x|1", "y|2"])),
    Input(
      "UTF-16", "format: json, columns: [a, b]", [0xFF, 0xFE] + #"[{"a":"x"}]"#.utf16.flatMap { [UInt8($0), 0] },
      .refused(["JSON is UTF-8"])),
  ]

  @Test(
    "it is right, or refused by its place",
    arguments: [
      tables, widths, json, jsonShapes, feeds, workbooks, merges, features, shapefiles, archives, vendors, names,
      places,
      agencies,
    ].flatMap { $0 })
  func isRightOrRefused(_ input: Input) async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("input", input.document)
      // JSON that is large is read in another way.
      let isOfRecords = input.fields.contains("json_path") || input.fields.contains("geojson")
      for recordsByteCount in isOfRecords ? [Int64(1), .max] : [.max] {
        var told = ""
        var rows: [String]?
        do {
          let read = try await scene.read(
            input.fields, path, "SELECT a, b FROM raw.rows ORDER BY a", recordsByteCount: recordsByteCount)
          // What a partition is not built from.
          let drift = read.drift.filter(\.isFailure)
          if drift.isEmpty {
            rows = read.rows
          } else {
            told = drift.map { "\($0.message) \($0.suggestion ?? "")" }.joined(separator: "; ")
          }
        } catch let error as FetchError {
          told = error.summary + " " + (error.advice ?? "")
        } catch let error as EngineFailure {
          // Where it stands is found by its value (`ValuePlace`).
          told =
            error.summary + " line \(line(of: error, in: input))"
        }
        switch input.right {
        case .rows(let due):
          struct Row: Decodable {
            var a: String?
            var b: String?
          }
          let found = try (rows ?? []).map { row -> String in
            let row = try JSONDecoder().decode(Row.self, from: Data(row.utf8))
            return "\(row.a ?? "")|\(row.b ?? "")"
          }
          #expect(found == due, "\(told)")
        case .refused(let parts):
          #expect(rows == nil)
          for part in parts { #expect(told.contains(part), "\(part) in \(told)") }
        }
      }
    }
  }

  private func line(of error: EngineFailure, in input: Input) -> Int {
    let lines = String(decoding: input.document, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let index = lines.firstIndex { line in
      error.refusedValue.map { line.contains($0) } ?? error.refusedRecord.map { line.hasPrefix($0) } ?? false
    }
    return (index ?? -1) + 1
  }

  private func refusal(_ fields: String, _ document: [UInt8], _ sql: String) async throws -> String {
    var refused = ""
    try await FormatScene.open { scene in
      let path = try scene.file("input", document)
      let error = await #expect(throws: EngineFailure.self, "\(sql)") { try await scene.read(fields, path, sql) }
      refused = "\(error?.summary ?? "") \(error?.refusedValue ?? "")"
    }
    return refused
  }

  /// Nothing is guessed, and the value is named: with it goes the line of its document (`ValuePlace`).
  @Test(
    "a number as people write it is no number",
    arguments: numbers.map(\.text) + ["1e999", "12.5%", "true"] + marks)
  func numbersAreNotGuessed(_ text: String) async throws {
    for cast in ["as_number", "as_integer"] {
      let sql = "SELECT a, \(cast)(b) AS b FROM raw.rows"
      let table = Array("a,b\nx,\"\(text)\"\n".utf8)
      let told = try await refusal("format: csv, columns: [a, b]", table, sql)
      #expect(told.contains(text), "\(cast): \(told)")
    }
    let escaped = text.replacing("<", with: "&lt;")
    let row = #"<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>\#(escaped)</t></is></c></row>"#
    let told = try await refusal(
      "format: xlsx, columns: [a, b]", OddFile.workbook(row), "SELECT a, as_number(b) AS b FROM raw.rows")
    #expect(told.contains(text), "workbook: \(told)")
  }
}
