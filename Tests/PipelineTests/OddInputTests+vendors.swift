/// What vendors send: tables that went through spreadsheets and mail, archives of other programs, shapes over the date line.
extension OddInputTests {
  private static let table = "format: csv, columns: [a, b]"

  private static func bytes(hex: String) -> [UInt8] {
    stride(from: 0, to: hex.utf8.count, by: 2).map { at in
      UInt8(hex.dropFirst(at).prefix(2), radix: 16)!
    }
  }

  private static let gz = "1f8b08000000000002ff4bd449e232d431e202007b07970a08000000"
  private static let gzFull =
    "1f8b081e0000000002ff0600414202007879742e637376006e6f746500e28c4bd449e232d431e202007b07970a08000000"
  private static let gzLong = "1f8b08000000000002ff4bd449e232d431e202007b07970a09000000"
  private static let zipDescriptor =
    "504b03041400080000000000215000000000000000000000000005000000742e637376612c620a312c320a504b07087b07970a0800000008000000504b01021403140008000000000021507b07970a0800000008000000050000000000000000000000800100000000742e637376504b05060000000001000100330000003b0000000000"
  private static let zip64 =
    "504b03042d0000000000000021507b07970affffffffffffffff05001400742e6373760100100008000000000000000800000000000000612c620a312c320a504b01022d032d0000000000000021507b07970a0800000008000000050000000000000000000000800100000000742e637376504b05060000000001000100330000003f0000000000"

  private static func zip(_ name: String) -> [UInt8] { OddFile.archive([(name, Array("a,b\n1,2\n".utf8))]) }

  /// Numbers as people write them, of which none is one that a machine may guess.
  static let numbers: [(name: String, text: String)] = [
    ("a space that does not break", "1\u{A0}234"), ("a narrow one", "1\u{202F}234"), ("a thin one", "1\u{2009}234"),
    ("a space", "1 234"), ("an apostrophe", "1'234"), ("a curled apostrophe", "1\u{2019}234"),
    ("points and a comma", "1.234,56"), ("a comma for the point", "1,5"), ("lakhs", "1,23,456"),
    ("a minus behind it", "123-"),
    ("brackets for a minus", "(123)"), ("a minus of typesetters", "\u{2212}5"), ("wide digits", "\u{FF11}\u{FF12}"),
    ("digits of Arabic", "\u{661}\u{662}"), ("a letter for a nought", "1O5"), ("Fortran's exponent", "1D5"),
    ("a fraction", "1/2"), ("a superscript", "5\u{B2}"), ("a mark of a note", "5*"),
    ("a text that says thousand", "5K"),
    ("a sign twice", "--5"), ("a byte order mark", "\u{FEFF}5"), ("a width of nothing", "5\u{200B}"),
    ("a day that a spreadsheet made of it", "5-Jan"), ("hashes of a column too narrow", "####"),
  ]

  static let vendors: [Input] = tablesOfVendors + archivesOfVendors + recordsOfVendors

  private static let tablesOfVendors: [Input] = [
    Input(
      "a byte order mark where files were joined", table, "a,b\n1,2\n\u{FEFF}3,4\n",
      .rows(["1|2", "3|4"])),
    Input(
      "the header again behind a byte order mark", table, "a,b\n1,2\n\u{FEFF}a,b\n3,4\n", .refused(["line 3"])),
    Input("a name in both cases", table, "a,A,b\n1,2,3\n", .refused(["column 'a' at place 1 and place 2"])),
    Input("a name twice", table, "a,b,b\n1,2,3\n", .refused(["'b'"])),
    Input("the delimiter that Excel is told", table, "sep=;\na;b\n1;2\n", .refused(["delimiter", "skip"])),
    Input("semicolons and decimal commas", table, "a;b\n1,5;2,5\n", .refused(["delimiter"])),
    Input("tabs", table, "a\tb\n1\t2\n", .refused(["delimiter"])),
    Input("bars", table, "a|b\n1|2\n", .refused(["delimiter"])),
    Input("a code that is guarded from Excel", table, "a,b\n=\"00123\",2\n", .refused(["line 2, column 1 ('a')"])),
    Input("a value behind its quotes", table, "a,b\n\"1\"x,2\n", .refused(["line 2, column 1 ('a')"])),
    Input("DOS's mark of the end", table, "a,b\n1,2\n\u{1A}", .rows(["1|2"])),
    Input("a row of delimiters alone", table, "a,b\n1,2\n,\n", .rows(["1|2", "|"])),
    Input(
      "half characters as bytes", table, [0x61, 0x2C, 0x62, 0x0A, 0x31, 0x2C, 0xED, 0xA0, 0xBD, 0x0A],
      .refused(["line 2"])),
    Input(
      "a character longer than it must be", table, [0x61, 0x2C, 0x62, 0x0A, 0x31, 0x2C, 0xC1, 0x81, 0x0A],
      .refused(["line 2"])),
    Input("UTF-32", table, [0xFF, 0xFE, 0, 0] + "a,b\n1,2\n".utf8.flatMap { [$0, 0, 0, 0] }, .refused(["utf-32"])),
    Input("letters and marks apart in a fixed line", widthsOfVendors, "n\u{303}01  123\n", .refused(["line 1"])),
    Input("a byte order mark before a fixed line", widthsOfVendors, "\u{FEFF}001  123\n", .rows(["001|123"])),
    Input(
      "a spreadsheet of 1997", "format: xlsx, columns: [a, b]",
      [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] + Array(repeating: 0, count: 504), .refused([".xls"])),
    Input(
      "a page that says it is a workbook", "format: xlsx, columns: [a, b]",
      "<html><table><tr><td>a</td></tr></table></html>", .refused(["HTML"])),
    Input("a table that says it is a workbook", "format: xlsx, columns: [a, b]", "a,b\n1,2\n", .refused(["archive"])),
  ]

  private static let widthsOfVendors = "format: fixed_width, columns: [{name: a, at: [1, 3]}, {name: b, at: [4, 8]}]"

  private static let memberOfVendors = "format: csv, columns: [a, b], member: \"*.csv\""
  private static let archivesOfVendors: [Input] = [
    Input("gzip", table, bytes(hex: gz), .rows(["1|2"])),
    Input("gzip with all that its head may have", table, bytes(hex: gzFull), .rows(["1|2"])),
    Input("gzip with zeros behind it", table, bytes(hex: gz) + Array(repeating: 0, count: 512), .rows(["1|2"])),
    Input("gzip with a page behind it", table, bytes(hex: gz) + "<html>".utf8, .refused(["gzip"])),
    Input("gzip with half a member behind it", table, bytes(hex: gz) + bytes(hex: gz).prefix(12), .refused(["gzip"])),
    Input("gzip of another length than it says", table, bytes(hex: gzLong), .refused(["gzip"])),
    Input("gzip that was cut by a byte", table, bytes(hex: gz).dropLast(), .refused(["gzip"])),
    Input("a zip whose sizes stand behind its member", memberOfVendors, bytes(hex: zipDescriptor), .rows(["1|2"])),
    Input("a zip of 64 bits", memberOfVendors, bytes(hex: zip64), .rows(["1|2"])),
    Input("a zip with a program before it", memberOfVendors, Array("MZ program".utf8) + zip("t.csv"), .rows(["1|2"])),
    Input(
      "a zip with a note behind it", memberOfVendors, zip("t.csv").dropLast(2) + [4, 0] + "note".utf8, .rows(["1|2"])),
    Input("a member with Windows' slashes", memberOfVendors, zip("d\\t.csv"), .rows(["1|2"])),
    Input("a member of the root", memberOfVendors, zip("/t.csv"), .refused(["'/t.csv'"])),
    Input(
      "a zip in a zip", memberOfVendors, OddFile.archive([("t.csv", zip("t.csv"))]), .refused(["t.csv", "it is a zip"])),
    Input("gzip in a zip", memberOfVendors, OddFile.archive([("t.csv", bytes(hex: gz))]), .rows(["1|2"])),
    Input(
      "what a Mac adds", memberOfVendors,
      OddFile.archive([("t.csv", Array("a,b\n1,2\n".utf8)), ("__MACOSX/._t.csv", [0, 5, 22, 7])]), .rows(["1|2"])),
  ]

  private static let shape = "format: geojson, columns: [{name: a, in_file: id}, {name: b, in_file: geometry}]"
  private static func shape(_ geometry: String, _ frame: String = "") -> String {
    #"{"type":"FeatureCollection",\#(frame)"features":[{"type":"Feature","properties":{"id":"x"},"geometry":\#(geometry)}]}"#
  }

  private static let recordsOfVendors: [Input] = [
    Input(
      "a collection in a collection", shape,
      shape(
        #"{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}]}"#
      ), .rows(["x|GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (1 2)))"])),
    Input(
      "an area that goes on beyond the date line", shape,
      shape(#"{"type":"Polygon","coordinates":[[[179,0],[181,0],[181,1],[179,0]]]}"#),
      .rows(["x|POLYGON ((179 0, 181 0, 181 1, 179 0))"])),
    Input(
      "a part without points", shape, shape(#"{"type":"MultiPolygon","coordinates":[[],[[[0,0],[1,0],[1,1],[0,0]]]]}"#),
      .rows(["x|MULTIPOLYGON (EMPTY, ((0 0, 1 0, 1 1, 0 0)))"])),
    Input(
      "metres, as its frame says", shape,
      shape(#"{"type":"Point","coordinates":[1,2]}"#, #""crs":{"type":"name","properties":{"name":"EPSG:3857"}},"#),
      .refused(["3857"])),
    Input(
      "a coordinate that is too small to be told", shape, shape(#"{"type":"Point","coordinates":[1e-400,2]}"#),
      .rows(["x|POINT (0 2)"])),
    Input(
      "a name in both cases, in JSON", "format: json, columns: [a, b]", #"[{"a":"x","A":"y","b":"1"}]"#,
      .rows(["x|1"])),
    Input(
      "an exponent", "format: json, columns: [a, {name: b, type: integer}]", #"[{"a":"x","b":1e3}]"#,
      .rows(["x|1000.0"])),
    Input(
      "an exponent that makes no whole number", "format: json, columns: [a, {name: b, type: integer}]",
      #"[{"a":"x","b":15e-1}]"#, .rows(["x|1.5"])),
    Input(
      "records with a mark between", "format: ndjson, columns: [a, b]", "\u{1E}{\"a\":\"x\",\"b\":\"1\"}\n",
      .refused(["line 1"])),
    Input(
      "a byte order mark between lines", "format: ndjson, columns: [a, b]",
      "{\"a\":\"x\",\"b\":\"1\"}\n\u{FEFF}{\"a\":\"y\",\"b\":\"2\"}\n", .refused(["line 2"])),
    Input(
      "a title that is merged over the header's columns", "format: xlsx, columns: [a, b]",
      OddFile.workbook("", mergedBook("A1:A1")), .rows(["x|1", "|2"])),
    Input(
      "a day as a text of its own kind", "format: xlsx, columns: [a, b]",
      OddFile.workbook(
        #"<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c><c r="B2" t="d"><v>2021-06-10</v></c></row>"#),
      .rows(["x|2021-06-10"])),
  ]

  private static func mergedBook(_ cells: String) -> [String: String] {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    func text(_ place: String, _ text: String) -> String {
      #"<c r="\#(place)" t="inlineStr"><is><t>\#(text)</t></is></c>"#
    }
    let rows = [
      text("A1", "a") + text("B1", "b"), text("A2", "x") + text("B2", "1"), #"<c r="A3"/>"# + text("B3", "2"),
    ]
    let data = rows.enumerated().map { #"<row r="\#($0 + 1)">\#($1)</row>"# }.joined()
    return [
      "xl/worksheets/sheet1.xml":
        #"<worksheet xmlns="\#(main)"><sheetData>\#(data)</sheetData><mergeCells count="1"><mergeCell ref="\#(cells)"/></mergeCells></worksheet>"#
    ]
  }
}
