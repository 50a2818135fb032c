import Base
import FoundationEssentials
import TestSupport
import Testing

@testable import Catalog
@testable import Fetch

/// Every parser of documents that sources send.
@Suite("What sources send", .whateverHappens(beyond: 20 * Int(Fuzzing.seconds)))
struct DocumentFuzzTests {
  private let none = BlockingWork.Cancellation()

  private static let tables = [
    "a,b\n1,2\n", "a;b\n\"x;\"\"y\";2\n", "a\tb\n1\t2\r\n", "\u{FEFF}a,b\r\n\"1\n2\",\n", "a,a,\n1,2,3\n\n",
    "x\n" + String(repeating: "y\n", count: 200),
  ]

  @Test func delimitedText() throws {
    try Fuzzing.run(
      "delimited", corpus: Self.tables.map { Array($0.utf8) }, tokens: ["\"", "\"\"", ",", ";", "\n", "\r"]
    ) {
      path, output in
      _ = try? DelimitedScan.layout(of: path, delimiter: UInt8(ascii: ","), none)
      _ = try DelimitedText.tidy(
        path, to: output, options: InputOptions(), delimiter: UInt8(ascii: ","), declaredNames: ["a", "b"], none)
      try Self.requireSmall(output, of: path)
    }
  }

  @Test func encodedText() throws {
    var options = InputOptions()
    for encoding in ["utf-16", "windows-1252", "utf-8"] {
      options.encoding = encoding
      let corpus = Self.tables.map { text in
        encoding == "utf-16"
          ? [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } : Array(text.utf8)
      }
      try Fuzzing.run("encoded-\(encoding)", corpus: corpus) { path, output in
        _ = try DelimitedText.tidy(
          path, to: output, options: options, delimiter: UInt8(ascii: ","), declaredNames: ["a", "b"], none)
      }
    }
  }

  @Test func json() throws {
    let corpus = [
      #"{"features": [{"a": 1, "b": [1, 2.5e3, null, true]}, {"a": "\u00e9\n"}], "exceededTransferLimit": false}"#,
      #"[["NAME","B01"],["x","1"]]"#, #"{"error": {"code": 400, "message": "no"}}"#, "[]", #"{"features": []}"#,
    ]
    let request = DatasetRequest(
      name: "r", sourceID: "s", path: "/", query: [], format: .geojson,
      vintages: [RequestColumns(names: ["a", "b"])], isOptional: false, line: 1)
    let check = JSONCheck(.values, RecordPlaces(request), JSONNames(request, year: 2021))
    let tokens = ["[", "{", "]", "}", "\"", "\\", "\\u0000", "\\ud800", ":", ",", "{\"features\":[", "[[", "{\"a\":"]
    try Fuzzing.run("json", corpus: corpus.map { Array($0.utf8) }, tokens: tokens) { path, output in
      _ = try? TextCheck.check(path, json: check, none)
      _ = try? JSONRecords.write(path, path: "features", to: output, none)
      _ = try? JSONRecords.write(path, path: "[*][*]", to: output, none)
      if let bytes = FileManager.default.contents(atPath: path) { _ = JSONValue.parse(Array(bytes)) }
      _ = try JSONScan(file: path, paths: ["features", "error.message", "features[*].a", "[*]"])
    }
  }

  @Test func feeds() throws {
    let corpus = [
      "<rss><channel><title>t</title><link>https://a.example/</link><item><title>x</title><link>/1</link></item></channel></rss>",
      "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"https://a.example/b/\"><entry><link href=\"1\"/><id>2</id></entry></feed>",
      "<!DOCTYPE rss [<!ENTITY a \"b\">]><rss><channel><item><title>&a;</title></item></channel></rss>",
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel><item><title><![CDATA[ \u{E9} ]]></title></item></channel></rss>",
    ]
    let tokens = [
      "<item>", "</item>", "<a>", "<!ENTITY e \"&a;&a;&a;\">", "&a;", "<![CDATA[", "]]>", "<!--", "xml:base=\"../\"",
      "<link href=\"//\"/>",
    ]
    try Fuzzing.run("feeds", corpus: corpus.map { Array($0.utf8) }, tokens: tokens) { path, _ in
      var size = 0
      try FeedReader.read(path) { size += $0.title?.utf8.count ?? 0 }
      #expect(Int64(size) <= ExpansionBudget.limit(ofFile: path))
    }
  }

  /// zip, tar and gzip as Python makes them, a dBASE table, and the shapes beside one.
  private func made(_ body: (_ folder: String) throws -> Void) async throws {
    let folder = "/tmp/aker-fuzz-made-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = """
      import gzip, io, struct, sys, tarfile, zipfile
      folder = sys.argv[1]
      with zipfile.ZipFile(folder + '/a.zip', 'w', zipfile.ZIP_DEFLATED) as z:
          z.writestr('a.csv', 'a,b\\n1,2\\n' * 50); z.writestr('data/b.csv', 'a,b\\n')
      with zipfile.ZipFile(folder + '/stored.zip', 'w') as z: z.writestr('a.csv', 'a,b\\n1,2\\n')
      with tarfile.open(folder + '/a.tar', 'w') as t:
          info = tarfile.TarInfo('a.csv'); info.size = 8; t.addfile(info, io.BytesIO(b'a,b\\n1,2\\n'))
      open(folder + '/a.gz', 'wb').write(gzip.compress(b'a,b\\n1,2\\n' * 50) + gzip.compress(b'3,4\\n'))
      header = struct.pack('<BBBBIHH20x', 3, 126, 1, 1, 2, 97, 13)
      fields = struct.pack('<11sc4xBB14x', b'NAME', b'C', 8, 0) + struct.pack('<11sc4xBB14x', b'N', b'N', 4, 0) + b'\\r'
      def part(words, body): return struct.pack('>7i', 9994, 0, 0, 0, 0, 0, words) + struct.pack('<2i8d', 1000, 1, *[0.0] * 8) + body
      points = [struct.pack('>2i', n + 1, 10) + struct.pack('<i2d', 1, n, n) for n in range(2)]
      open(folder + '/a.shp', 'wb').write(part(78, b''.join(points)))
      open(folder + '/a.shx', 'wb').write(part(58, struct.pack('>4i', 50, 10, 64, 10)))
      open(folder + '/a.dbf', 'wb').write(header + fields + b' caf\\xc3\\xa9   1   ' + b' x         22  ' + b'\\x1a')
      """
    let result = try await Program.run("python3", ["-c", script, folder])
    try #require(result.exitCode == 0, "\(result)")
    try body(folder)
  }

  private func bytes(_ folder: String, _ names: String...) -> [[UInt8]] {
    names.map { Array(FileManager.default.contents(atPath: folder + "/" + $0) ?? Data()) }
  }

  @Test func archives() async throws {
    try await made { folder in
      try Fuzzing.run(
        "archives", corpus: bytes(folder, "a.zip", "stored.zip", "a.tar"),
        tokens: ["PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "../", "ustar"]
      ) {
        path, output in
        let into = output + ".d"
        defer { try? FileManager.default.removeItem(atPath: into) }
        _ = try? DocumentIntegrity(of: path, none)
        let names = try ArchiveMember.extract("*.csv", from: path, into: into, maximumBytes: 1 << 20)
        // Nothing lies outside of the folder, and no more than the budget in it.
        for name in names {
          #expect(!name.hasPrefix("/") && !name.split(separator: "/").contains(".."), "\(name)")
          try Self.requireSmall(into + "/" + name, of: path)
        }
      }
    }
  }

  @Test func gzip() async throws {
    try await made { folder in
      try Fuzzing.run("gzip", corpus: bytes(folder, "a.gz")) { path, _ in
        _ = try? DocumentIntegrity(of: path, none)
        var reader = try TextReader(path, encoding: nil)
        var size: Int64 = 0
        while let piece = try reader.next() { size += Int64(piece.count) }
        #expect(size <= ExpansionBudget.limit(ofFile: path))
      }
    }
  }

  @Test func attributeTables() async throws {
    try await made { folder in
      try Fuzzing.run("attributes", corpus: bytes(folder, "a.dbf")) { path, output in
        let place = output + ".d"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try FileManager.default.copyItem(atPath: path, toPath: place + "/a.dbf")
        try AttributeTable.recode(beside: place + "/a.shp", declared: "utf-8", columns: nil)
      }
    }
  }

  private static let parts = [
    "xl/_rels/workbook.xml.rels":
      #"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>"#,
    "xl/sharedStrings.xml": "<sst>" + GeneratedSheet.texts.map(\.xml).joined() + "</sst>",
    "xl/styles.xml": GeneratedSheet.styles,
    "xl/workbook.xml":
      #"<workbook xmlns="http://m.example" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="0"/><sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    "xl/worksheets/sheet1.xml": GeneratedSheet(seed: 1).xml,
  ]

  /// Looks through a workbook of these parts, and what comes of it once more.
  ///
  /// - Returns: what came of it, in `place`; nil where it is read as it is.
  private func checked(_ parts: [String: [UInt8]], in place: String) throws -> String? {
    let wanted = WorkbookCheck.Wanted(sheet: nil, hasHeader: true, names: ["county", "jobs", "day"], merged: .each)
    for (name, bytes) in parts {
      let file = "\(place)/made/\(name)"
      try FileManager.default.createDirectory(
        atPath: String(file[..<file.lastIndex(of: "/")!]), withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(filePath: file))
    }
    let made = place + "/made.xlsx"
    try WorkbookSheet.zip(parts.keys.sorted(), of: place + "/made", to: made, none)
    let read = try WorkbookCheck.check(made, wanted, in: place, maximumBytes: 1 << 20, none)
    if read == made { return nil }
    // What was written anew is as good as what came: nothing of it is to be written once more.
    let again = place + "/again.xlsx"
    try FileManager.default.moveItem(atPath: read, toPath: again)
    #expect(try WorkbookCheck.check(again, wanted, in: place, maximumBytes: 1 << 20, none) == again)
    return again
  }

  /// Each part of a workbook in its turn, beside good other ones: mutated zips alone are hardly ever opened.
  @Test func workbooks() throws {
    let names = Self.parts.keys.sorted()
    // The part's number is the input's first byte; of one more, the others choose a sheet that is well-formed, and odd in its
    // cells: of mutated ones few come further than XML's own reader.
    let corpus =
      names.indices.map { [UInt8($0)] + Array(Self.parts[names[$0]]!.utf8) }
      + (0..<12).map { [UInt8(names.count), UInt8($0)] }
    let tokens = [
      "<c>", "<v>", "</c>", "r=\"XFD1048576\"", "r=\"9223372036854775807\"", "r=\"-1\"", "<row/>", "<row r=\"", "1e308",
      "-0",
      "nan", "_x0000_", "_xD800_", "s=\"99999999999\"", "<f>", "<rPh>", "t=\"s\"", "date1904=\"1\"", "<si/>", "2958466",
      "<mergeCell ref=\"A2:B3\"/>", "<mergeCell ref=\"A1:A1048576\"/>", "<c t=\"s\"><v>6</v></c>",
      "<c s=\"1\"><v>1e308</v></c>", "<c s=\"1\"><v>60</v></c>", "<c t=\"b\"><v>2</v></c>", "<c><v>9e15</v></c>",
      "<row r=\"1048576\"><c r=\"A1048576\"><v>1</v></c></row>", "<c t=\"inlineStr\"><is><t>_x0000_</t></is></c>",
    ]
    var (readCount, writtenCount) = (0, 0)
    try Fuzzing.run("workbooks", corpus: corpus, tokens: tokens) { path, output in
      let place = output + ".d"
      defer { try? FileManager.default.removeItem(atPath: place) }
      let bytes = Array(FileManager.default.contents(atPath: path) ?? Data())
      var parts = Self.parts.mapValues { Array($0.utf8) }
      let number = Int(bytes.first ?? 0) % (names.count + 1)
      if number < names.count {
        parts[names[number]] = Array(bytes.dropFirst())
      } else {
        let seed = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        parts["xl/worksheets/sheet1.xml"] = Array(GeneratedSheet(seed: seed, isOdd: true).xml.utf8)
      }
      if try checked(parts, in: place) != nil { writtenCount += 1 }
      readCount += 1
    }
    print("fuzz workbooks: \(readCount) were read, \(writtenCount) of them written anew")
    // The good parts, and some of the odd sheets: what is made comes as far as the cells.
    #expect(writtenCount > names.count)
  }

  /// Cells in all the ways that writers know them, merged and with texts of the workbook's, come out as people see them.
  @Test func cellsOfWorkbooks() throws {
    for seed in 1...UInt64(150) { try readCells(GeneratedSheet(seed: seed)) }
  }

  private func readCells(_ sheet: GeneratedSheet) throws {
    let place = "/tmp/aker-fuzz-cells-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: place) }
    var parts = Self.parts.mapValues { Array($0.utf8) }
    parts["xl/worksheets/sheet1.xml"] = Array(sheet.xml.utf8)
    // The texts alone are written anew, whatever the sheet has.
    let read = try #require(try checked(parts, in: place))
    let folder = place + "/read"
    _ = try ArchiveMember.extract("*", from: read, into: folder, maximumBytes: 1 << 20)
    func text(_ name: String) -> String {
      String(decoding: FileManager.default.contents(atPath: "\(folder)/xl/\(name)") ?? Data(), as: UTF8.self)
    }
    func plain(_ text: Substring) -> String {
      String(text).replacing("&#13;", with: "\r").replacing("&lt;", with: "<").replacing("&amp;", with: "&")
    }
    let texts = text("sharedStrings.xml").matches(of: /<si><t[^>]*>([^<]*)<\/t><\/si>/).map { plain($0.1) }
    #expect(texts == GeneratedSheet.texts.map(\.shown))
    var found: [String: String] = [:]
    var (row, column) = (0, 0)
    for part in text("worksheets/sheet1.xml").matches(
      of: /<(row|c)(?: r="([A-Z]*)(\d+)")?([^>]*?)(\/>|>(?:<f>[^<]*<\/f>)?(?:<v>|<is><t[^>]*>)?([^<]*))/)
    {
      if part.1 == "row" {
        (row, column) = (part.3.flatMap { Int($0) } ?? row + 1, 0)
        continue
      }
      column = part.2.map { Int($0.utf8.first ?? 64) - 64 } ?? column + 1
      let value = plain(part.6 ?? "")
      let shown = part.4.contains("t=\"s\"") ? Int(value).map { texts[$0] } ?? "?" : value
      if !shown.isEmpty { found["\(["", "A", "B", "C"][column])\(row)"] = shown }
    }
    #expect(found == sheet.shown, "\(sheet.xml)")
  }

  /// Each of the two files in its turn, beside a good other one.
  @Test func shapefiles() async throws {
    try await made { folder in
      try Fuzzing.run("shapes", corpus: bytes(folder, "a.shp", "a.shx")) { path, output in
        let place = output + ".d"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        for (mutated, good) in [("shp", "shx"), ("shx", "shp")] {
          for (from, to) in [(path, "/b.\(mutated)"), ("\(folder)/a.\(good)", "/b.\(good)")] {
            try? FileManager.default.removeItem(atPath: place + to)
            try FileManager.default.copyItem(atPath: from, toPath: place + to)
          }
          do { return try ShapefileCheck.check(place + "/b.shp", recordCount: 2) } catch  where mutated == "shp" {
            continue
          }
        }
      }
    }
  }

  private static func requireSmall(_ output: String, of path: String) throws {
    let size = (FileManager.default.contents(atPath: output)?.count).map(Int64.init) ?? 0
    #expect(size <= ExpansionBudget.limit(ofFile: path), "\(path)")
  }
}
