import Engine
import Fetch
import FoundationEssentials
import Quality
import TestSupport
import Testing

/// Every reader that is not of delimited text (`DialectTests`): what is written into a document comes out of it, and what is
/// damaged is refused. The seed is in the name of what fails.
@Suite("Readers, fed with what is good and what is damaged")
struct ReaderPropertyTests {
  /// Codes with leading zeros, texts that readers have stumbled over, numbers as sources write them.
  private static let texts = [
    "plain", "#5 Mill Row", "say \"no\"", "a, b; c|d", "Doña Ana", "NULL", "nan", "back\\slash", "0123", "1,234",
    "\u{1F600}", "'x'",
    "<b>&amp;", "{\"a\":1}", "Œuvre",
  ]

  private static func rows(_ seed: UInt64) -> [[String]] {
    var generator = SeededRandom(seed: seed)
    return (0..<Int.random(in: 1...30, using: &generator)).map { index in
      [
        "00\(index)", texts.randomElement(using: &generator) ?? "",
        ["\(Int.random(in: -5...500, using: &generator))", "0.125", "-7.5", "1200"].randomElement(using: &generator)
          ?? "",
      ]
    }
  }

  enum Reader: String, CaseIterable, Sendable {
    case json, jsonPath, largeJSON, jsonTable, ndjson, geojson, geojsonLines, fixedWidth, lines, xlsx, zippedTable, feed

    var fields: String {
      switch self {
      case .json: "format: json, columns: [code, text, number]"
      case .jsonPath, .largeJSON: "format: json, json_path: data.items, columns: [code, text, number]"
      case .jsonTable: "format: json_table, columns: [code, text, number]"
      case .ndjson: "format: ndjson, columns: [code, text, number]"
      case .geojson: "format: geojson, columns: [code, text, number, geometry]"
      case .geojsonLines: "format: geojson_lines, columns: [code, text, number, geometry]"
      case .fixedWidth:
        "format: fixed_width, columns: [{name: code, at: [1, 6]}, {name: text, at: [7, 30]}, {name: number, at: [31, 40]}]"
      case .lines: "format: lines, columns: [line]"
      case .xlsx: "format: xlsx, columns: [code, text, number]"
      case .zippedTable: "format: csv, member: \"*.csv\", columns: [code, text, number]"
      case .feed: "format: feed, columns: [guid, title, summary]"
      }
    }

    /// `code`, `text` and `number` out of what the reader gives.
    var sql: String {
      switch self {
      case .lines:
        "SELECT split_part(line, '~', 1) AS code, split_part(line, '~', 2) AS text, split_part(line, '~', 3) AS number FROM raw.rows ORDER BY code"
      case .feed: "SELECT guid AS code, title AS text, summary AS number FROM raw.rows ORDER BY code"
      default: "SELECT code, text, number FROM raw.rows ORDER BY code"
      }
    }

    /// Whether half of a document is told from a whole one; a text without an end of its own is not.
    var knowsItsEnd: Bool {
      switch self {
      case .fixedWidth, .lines, .ndjson, .geojsonLines: false
      default: true
      }
    }
  }

  private static func object(_ row: [String]) throws -> String {
    try String(
      decoding: JSONEncoder().encode(["code": row[0], "text": row[1], "number": row[2]]), as: UTF8.self)
  }

  private static func feature(_ row: [String]) throws -> String {
    "{\"type\":\"Feature\",\"properties\":\(try object(row)),\"geometry\":{\"type\":\"Point\",\"coordinates\":[-82.5,40.25]}}"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
  }

  private static func cell(_ text: String) -> String { "\"" + text.replacing("\"", with: "\"\"") + "\"" }

  /// - Returns: the document's path.
  private func write(_ rows: [[String]], _ reader: Reader, _ scene: FormatScene) async throws -> String {
    let objects = try rows.map(Self.object)
    let text: String
    switch reader {
    case .json: text = "[" + objects.joined(separator: ",\n") + "]"
    case .jsonPath, .largeJSON:
      text = "{\"n\": [1, {}], \"data\": {\"x\": null, \"items\": [" + objects.joined(separator: ", ") + "]}}"
    case .jsonTable:
      text = String(decoding: try JSONEncoder().encode([["code", "text", "number"]] + rows), as: UTF8.self)
    case .ndjson: text = objects.joined(separator: "\n") + "\n"
    case .geojson:
      text =
        try "{\"type\":\"FeatureCollection\",\"features\":[" + rows.map(Self.feature).joined(separator: ",\n") + "]}"
    case .geojsonLines: text = try rows.map(Self.feature).joined(separator: "\n") + "\n"
    case .fixedWidth:
      text = rows.map { row in
        zip(row, [6, 24, 10]).map { $0 + String(repeating: " ", count: $1 - $0.unicodeScalars.count) }.joined()
      }.joined(separator: "\r\n")
    case .lines: text = rows.map { $0.joined(separator: "~") }.joined(separator: "\n")
    case .feed:
      text =
        "<?xml version=\"1.0\"?><rss><channel>"
        + rows.map {
          "<item><guid>\($0[0])</guid><title>\(Self.escaped($0[1]))</title><description><![CDATA[\($0[2])]]></description></item>"
        }.joined() + "</channel></rss>"
    case .xlsx:
      let path = scene.folder + "/a.xlsx"
      let sheet = ([["code", "text", "number"]] + rows).map {
        $0.map { $0.replacing("|", with: "/") }.joined(separator: "|")
      }
      let made = try await Program.run(
        "python3", [PackageRoot.path + "/Tests/Tools/workbook.py", path, "Sheet"] + sheet)
      try #require(made.exitCode == 0, "\(made)")
      return path
    case .zippedTable:
      let table = ([["code", "text", "number"]] + rows).map { $0.map(Self.cell).joined(separator: ",") }.joined(
        separator: "\n")
      let path = try scene.file("a.csv", Array(table.utf8))
      let made = try await Program.run("python3", ["-m", "zipfile", "-c", scene.folder + "/a.zip", path])
      try #require(made.exitCode == 0, "\(made)")
      return scene.folder + "/a.zip"
    }
    return try scene.file("a.txt", Array(text.utf8))
  }

  private func read(_ reader: Reader, _ path: String, _ scene: FormatScene) async throws -> [[String]] {
    struct Row: Decodable { let code, text, number: String? }
    let found = try await scene.read(
      reader.fields, path, reader.sql, recordsByteCount: reader == .largeJSON ? 1 : 4 << 20, foldedByteCount: 1)
    #expect(found.drift.filter(\.isFailure) == [])
    return try found.rows.map { line in
      let row = try JSONDecoder().decode(Row.self, from: Data(line.utf8))
      return [row.code ?? "", row.text ?? "", row.number ?? ""]
    }
  }

  @Test("what is written comes out", arguments: Reader.allCases)
  func roundTrip(_ reader: Reader) async throws {
    for seed in [UInt64.random(in: 0...UInt64.max), 7] {
      var rows = Self.rows(seed)
      if reader == .xlsx {
        // Bars are the writer's, and a number is a number there.
        rows = rows.map { [$0[0], $0[1].replacing("|", with: "/"), $0[2]] }
      }
      try await FormatScene.open { scene in
        let path = try await write(rows, reader, scene)
        #expect(try await read(reader, path, scene) == rows.sorted { $0[0] < $1[0] }, "\(reader) seed \(seed)")
      }
    }
  }

  @Test("what was cut, and what is not of its encoding, is refused", arguments: Reader.allCases)
  func damaged(_ reader: Reader) async throws {
    let rows = Self.rows(11)
    try await FormatScene.open { scene in
      let path = try await write(rows, reader, scene)
      let whole = Array(try #require(FileManager.default.contents(atPath: path)))
      var damages: [(name: String, bytes: [UInt8])] = []
      if reader.knowsItsEnd {
        for share in [3, 2] { damages.append(("cut at 1/\(share)", Array(whole.prefix(whole.count / share)))) }
        // A zip's last byte is of its comment: that it is whole is asked when it is fetched.
        if reader != .xlsx { damages.append(("without its last byte", Array(whole.dropLast()))) }
      }
      if reader != .xlsx, reader != .zippedTable {
        let place = try #require(whole.firstRange(of: Array("00".utf8))?.lowerBound)
        var wrong = whole
        wrong[place] = 0xE9
        damages.append(("a letter of Latin-1", wrong))
        if reader != .feed {
          wrong[place] = 0
          damages.append(("U+0000", wrong))
        }
      }
      for damage in damages {
        let file = try scene.file(
          "damaged-\(UUID().uuidString.prefix(8))" + (reader == .xlsx ? ".xlsx" : ""), damage.bytes)
        do {
          let found = try await read(reader, file, scene)
          Issue.record("\(reader), \(damage.name): \(found.count) of \(rows.count) rows were read")
        } catch is FetchError {
        } catch is EngineFailure {
        }
      }
    }
  }
}
