import Catalog
import Engine
import Fetch
import FoundationEssentials
import Pipeline
import TestSupport
import Testing

/// Delimited text in all dialects that can be declared: the values that were written come out, or an error with their place.
@Suite("Dialects of delimited text")
struct DialectTests {
  /// What a generated table is written as.
  struct Dialect: Sendable, CustomTestStringConvertible {
    var delimiter = ","
    var lineEnd = "\n"
    var quotesAll = false
    var mark = false
    var encoding: String?
    var gzip = false
    var lastLineEnd = true
    var trailingDelimiters = false
    var spaceBeforeQuotes = false
    var blankLines = false
    var titleLines = 0

    var testDescription: String {
      "\(delimiter.debugDescription) \(lineEnd.debugDescription) \(encoding ?? "utf-8")"
        + "\(quotesAll ? " quoted" : "")\(mark ? " mark" : "")\(gzip ? " gzip" : "")\(titleLines > 0 ? " title" : "")"
        + "\(trailingDelimiters ? " trailing" : "")\(blankLines ? " blank" : "")\(lastLineEnd ? "" : " unended")"
    }

    var fields: String {
      var fields = "format: csv, columns: [code, text, number]"
      if delimiter != "," { fields += ", delimiter: \"\(delimiter == "\t" ? "\\t" : delimiter)\"" }
      if let encoding { fields += ", encoding: \(encoding)" }
      if titleLines > 0 { fields += ", skip_lines: \(titleLines)" }
      return fields
    }

    static let all: [Dialect] = {
      var all: [Dialect] = []
      for delimiter in [",", ";", "|", "\t"] {
        for lineEnd in ["\n", "\r\n"] {
          for quotesAll in [false, true] {
            all.append(Dialect(delimiter: delimiter, lineEnd: lineEnd, quotesAll: quotesAll))
          }
        }
      }
      all += [
        Dialect(lineEnd: "\r"), Dialect(lineEnd: "\n", mark: true), Dialect(lineEnd: "\r\n", gzip: true),
        Dialect(encoding: "windows-1252"), Dialect(encoding: "utf-16"), Dialect(encoding: "utf-16le"),
        Dialect(lastLineEnd: false), Dialect(trailingDelimiters: true),
        Dialect(quotesAll: true, spaceBeforeQuotes: true),
        Dialect(blankLines: true), Dialect(lineEnd: "\r\n", titleLines: 3), Dialect(mark: true, gzip: true),
      ]
      return all
    }()
  }

  /// Texts that readers have stumbled over.
  private static let texts = [
    "plain", "#5 Mill Row", "call #100 first", "", " padded ", "say \"no\"", "a, b; c|d\te", "two\nlines", "Doña Ana",
    "NULL", "nan", "'single'", "back\\slash", "0123", "#", "\"", "1,234",
  ]

  private static func rows(_ generator: inout SystemRandomNumberGenerator) -> [[String]] {
    (0..<40).map { index in
      [
        String(index), texts.randomElement(using: &generator) ?? "",
        String(Int.random(in: -5...500, using: &generator)),
      ]
    }
  }

  private static func written(_ rows: [[String]], _ dialect: Dialect) async throws -> [UInt8] {
    var text = ""
    for line in 0..<dialect.titleLines { text += "Title \(line), with a comma and a \" quote" + dialect.lineEnd }
    for (index, row) in ([["code", "text", "number"]] + rows).enumerated() {
      let cells = row.map { cell -> String in
        let needsQuotes =
          dialect.quotesAll || cell.contains { "\"\n\r#".contains($0) } || cell.contains(dialect.delimiter)
          || cell.hasPrefix(" ") || cell.isEmpty
        let quoted = "\"" + cell.replacing("\"", with: "\"\"") + "\""
        return needsQuotes ? (dialect.spaceBeforeQuotes ? " " : "") + quoted : cell
      }
      text += cells.joined(separator: dialect.delimiter) + (dialect.trailingDelimiters && index > 0 ? ",," : "")
      text += dialect.lineEnd
      if dialect.blankLines, index % 7 == 3 { text += dialect.lineEnd }
    }
    if !dialect.lastLineEnd { text.removeLast() }
    var bytes = (dialect.mark ? [0xEF, 0xBB, 0xBF] : []) + Array(text.utf8)
    switch dialect.encoding {
    case "windows-1252": bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    case "utf-16": bytes = [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    case "utf-16le": bytes = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    default: break
    }
    return bytes
  }

  @Test("what is written comes out, in each dialect", arguments: Dialect.all)
  func roundTrip(_ dialect: Dialect) async throws {
    var generator = SystemRandomNumberGenerator()
    let rows = Self.rows(&generator)
    try await FormatScene.open { scene in
      var path = try scene.file("a.csv", try await Self.written(rows, dialect))
      if dialect.gzip {
        #expect(try await Program.run("gzip", ["--no-name", path]).exitCode == 0)
        path += ".gz"
      }
      struct Row: Decodable, Equatable {
        var code: String
        var text: String?
        var number: String
      }
      let read = try await scene.read(
        dialect.fields, path, "SELECT code, text, number FROM raw.rows ORDER BY CAST(code AS INTEGER)")
      #expect(read.drift == [])
      let found = try read.rows.map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
      #expect(found.count == rows.count)
      for (row, found) in zip(rows, found) {
        #expect(found.code == row[0])
        // Nothing between quotes may be nothing at all.
        #expect((found.text ?? "") == row[1])
        #expect(found.number == row[2])
      }
    }
  }

  /// A document, the options with which it is read, and what the error must name.
  static let damaged: [(name: String, bytes: [UInt8], fields: String, expected: [String])] = {
    let columns = "columns: [code, text]"
    func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    return [
      ("ragged, short", text("code,text\n1,a\n2\n"), columns, ["line 3", "1 column", "the header has 2"]),
      ("ragged, long", text("code,text\n1,a\n2,b,c\n"), columns, ["line 3", "3 columns", "delimiter:"]),
      ("a remark", text("code,text\n# by hand\n1,a\n"), columns, ["line 2", "# by hand", "comment: \"#\""]),
      ("a stray quote", text("code,text\n1,a\n2,5\" pipe\n"), columns, ["line 3", "'text'", "quoting: false"]),
      ("text after a quote", text("code,text\n1,\"a\" b\n"), columns, ["line 2", "'text'", "quoting: false"]),
      ("an open quote", text("code,text\n1,\"a\n2,b\n"), columns, ["line 2", "never closed"]),
      (
        "Latin-1", text("code,text\n1,Do") + [0xF1] + text("a\n"), columns,
        ["line 2", "'text'", "0xF1", "encoding: iso-8859-1"]
      ),
      (
        "Windows-1252", text("code,text\n1,") + [0x93] + text("a\n"), columns,
        ["line 2", "0x93", "encoding: windows-1252"]
      ),
      (
        "UTF-16", [0xFF, 0xFE] + "code,text\n1,a\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, columns,
        ["encoding: utf-16"]
      ),
      (
        "UTF-16 without a mark", "code,text\n1,a\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, columns,
        ["encoding: utf-16le"]
      ),
      ("U+0000", text("code,text\n1,a") + [0] + text("b\n"), columns, ["line 2", "'text'", "U+0000"]),
      ("cut within a character", text("code,text\n1,a") + [0xC3], columns, ["line 2", "0xC3"]),
      ("empty", [], columns, ["empty"]),
      ("blank", text("\n\n"), columns, ["empty"]),
      ("another delimiter", text("code;text\n1;a\n"), columns, ["line 1", "delimiter: \";\""]),
      ("a title", text("Table 3\n\ncode,text\n1,a\n"), columns, ["line 3", "skip_lines: 2"]),
      ("a column twice", text("code,text,Text\n1,a,b\n"), columns, ["'text'", "place 2 and place 3"]),
      (
        "UTF-8 that is said to be Latin-1", text("code,text\n1,Doña\n"), columns + ", encoding: iso-8859-1",
        ["is UTF-8", "iso-8859-1"]
      ),
      (
        "1252 that is said to be Latin-1", text("code,text\n1,") + [0x93] + text("a\n"),
        columns + ", encoding: iso-8859-1", ["line 2", "windows-1252"]
      ),
      ("joined", text("code,text\n1,a\ncode,text\n2,b\n"), columns, ["line 3", "the header once more"]),
      (
        "joined, quoted",
        text("\"code\",\"text\"\r\n1,a\r\n") + [0xEF, 0xBB, 0xBF] + text("\"code\",\"text\"\r\n2,b\r\n"),
        columns, ["line 3", "the header once more"]
      ),
      (
        "Excel's separator", text("sep=;\r\ncode;text\r\n1;a\r\n"), columns,
        ["sep=;", "skip_lines: 1", "delimiter: \";\""]
      ),
      (
        "UTF-32", [0xFF, 0xFE, 0, 0] + "code,text\n".unicodeScalars.flatMap { [UInt8($0.value), 0, 0, 0] }, columns,
        ["encoding: utf-32"]
      ),
      (
        "a mark of UTF-8 that is said to be Latin-1", [0xEF, 0xBB, 0xBF] + text("code,text\n1,a\n"),
        columns + ", encoding: iso-8859-1", ["is UTF-8", "iso-8859-1"]
      ),
      (
        "a header where none is declared", text("Code,text\n1,a\n"), columns + ", has_header: false",
        ["line 1 is a header", "has_header"]
      ),
      (
        "a line of U+0000", text("code,text\n1,a\n") + [0, 0, 0, 0] + text("\n2,b\n"), columns,
        ["line 3", "U+0000 stands in the value"]
      ),
      (
        "no ASCII", text("code,text\n1,a\n2,") + [0xE9] + text("\n"), columns + ", encoding: ascii",
        ["line 3", "not ascii"]
      ),
    ]
  }()

  @Test("what is damaged is refused by document, line and what would help", arguments: damaged.indices)
  func refusals(_ index: Int) async throws {
    let damage = Self.damaged[index]
    try await FormatScene.open { scene in
      let path = try scene.file("a.csv", damage.bytes)
      do {
        let read = try await scene.read("format: csv, " + damage.fields, path, "SELECT * FROM raw.rows")
        Issue.record("\(damage.name): \(read.rows)")
      } catch let error as FetchError {
        let message = error.summary + " " + (error.advice ?? "")
        #expect(message.contains("test_files"), "\(damage.name)")
        for part in damage.expected { #expect(message.contains(part), "\(damage.name): \(message)") }
      }
    }
  }

  @Test("the header once more is found wherever the pieces end that a text is read in")
  func headerAcrossPieces() async throws {
    try await FormatScene.open { scene in
      for shift in 0...10 {
        // 64 KiB: what is read at once.
        var text = "code,text\n" + String(repeating: "1,aaaaaa\n", count: 7_270)
        text += String(repeating: "x", count: 65_536 - text.utf8.count - 3 - shift) + ",y\n" + "code,text\n2,b\n"
        let path = try scene.file("\(shift).csv", Array(text.utf8))
        do {
          _ = try await scene.read("format: csv, columns: [code, text]", path, "SELECT 1")
          Issue.record("read, at \(shift)")
        } catch let error as FetchError {
          #expect(error.summary.contains("line 7273 is the header once more"), "\(error)")
        }
      }
    }
  }

  @Test("DOS's end mark, and byte order marks of documents that were joined, are no part of a value")
  func marks() async throws {
    try await FormatScene.open { scene in
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      let text = mark + Array("1,a\n".utf8) + mark + Array("2,b\n".utf8) + [0x1A, 0x1A]
      let joined = try scene.file("a.csv", text)
      let rows = try await scene.read(
        "format: csv, has_header: false, columns: [code, text]", joined, "SELECT code, text FROM raw.rows ORDER BY code"
      )
      #expect(rows.rows == [#"{"code":"1","text":"a"}"#, #"{"code":"2","text":"b"}"#])
      let plain = try scene.file("b.csv", Array("code,text\n1,a\n".utf8) + [0x1A])
      #expect(
        try await scene.read("format: csv, columns: [code, text]", plain, "SELECT code FROM raw.rows").rows == [
          #"{"code":"1"}"#
        ])
      let one = try scene.file("c.csv", Array("code\n1\n".utf8) + [0x1A])
      #expect(
        try await scene.read("format: csv, columns: [code]", one, "SELECT code FROM raw.rows").rows == [
          #"{"code":"1"}"#
        ])
      let fixed = try scene.file("d.txt", Array("001Bob\n".utf8) + [0x1A])
      let lines = try await scene.read(
        "format: fixed_width, columns: [{name: code, at: [1, 3]}]", fixed, "SELECT code FROM raw.rows")
      #expect(lines.rows == [#"{"code":"001"}"#])
    }
  }

  @Test("remarks, quotes that are text, and values longer than DuckDB's buffer")
  func options() async throws {
    try await FormatScene.open { scene in
      let remarks = try scene.file("a.csv", "# by hand\ncode,text\n# more\n1,#a\n\"#2\",b\n".utf8)
      let read = try await scene.read(
        "format: csv, comment: \"#\", columns: [code, text]", remarks, "SELECT code, text FROM raw.rows ORDER BY ALL")
      #expect(read.rows == [##"{"code":"#2","text":"b"}"##, ##"{"code":"1","text":"#a"}"##])
      let inches = try scene.file("b.csv", "code,text\n1,5\" pipe\n2,\"a\n".utf8)
      let plain = try await scene.read(
        "format: csv, quoting: false, columns: [code, text]", inches, "SELECT text FROM raw.rows ORDER BY code")
      #expect(plain.rows == [#"{"text":"5\" pipe"}"#, #"{"text":"\"a"}"#])
      let long = String(repeating: "x", count: 3_000_000)
      let wide = try scene.file("c.csv", "code,text\n1,\(long)\n2,b\n".utf8)
      let lengths = try await scene.read(
        "format: csv, columns: [code, text]", wide, "SELECT length(text) AS n FROM raw.rows ORDER BY code")
      #expect(lengths.rows == [#"{"n":3000000}"#, #"{"n":1}"#])
    }
  }

  @Test("texts of other formats are UTF-8 without U+0000, or refused by line")
  func otherTexts() async throws {
    try await FormatScene.open { scene in
      for (format, columns) in [("lines", "line"), ("ndjson", "a")] {
        let path = try scene.file("a.\(format)", Array("{\"a\": 1}\n{\"a\": \"Do".utf8) + [0xF1] + Array("a\"}\n".utf8))
        await #expect(throws: FetchError.self) {
          _ = try await scene.read("format: \(format), columns: [\(columns)]", path, "SELECT * FROM raw.rows")
        }
        do {
          _ = try await scene.read("format: \(format), columns: [\(columns)]", path, "SELECT * FROM raw.rows")
        } catch let error as FetchError {
          #expect(error.summary.contains("line 2, character 10"), "\(error)")
        }
      }
    }
  }
}
