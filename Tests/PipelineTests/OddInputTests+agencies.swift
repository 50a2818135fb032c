/// What public agencies and their programs send: marks in the place of values, layouts of several rows, and formats at their
/// edges. A mark is a text until the transform says what it means (`marksAreNoNumbers`).
extension OddInputTests {
  private static let inCSV = "format: csv, columns: [a, b]"
  private static let inJSON = "format: json, columns: [a, b]"
  private static let inSheet = "format: xlsx, columns: [a, b]"
  private static let inShape = "format: geojson, columns: [{name: a, in_file: id}, {name: b, in_file: geometry}]"
  private static let inLines = "format: ndjson, columns: [a, b]"
  private static let inTable = "format: json_table, columns: [a, b]"

  /// Marks of agencies where a number is due; none becomes one, or NULL, by itself.
  static let marks = [
    "(X)", "(NA)", "(D)", "N", "-", "--", "*", "**", "***", ".", "..", "…", "null", "NULL", "None", "NaN", "nan", "Inf",
    "#N/A", "#DIV/0!", "#REF!", "#VALUE!", "<5", ">100", "250,000+", "2,500-", "10.0+", "12.3(R)", "123 (p)", "~5",
    "≈5", "5±1", "5 %",
    "TBD", "N.A.", "n/a", "Not available", "unknown", "0x1F", "1e400", "1_000", "1\u{A0}234", "\u{2212}5",
    "\u{FF11}\u{FF12}",
    "\u{660}", "Ⅻ", "½", "٪5", "1.234.567", "1,234.5,6", "$", "%", "5e", "+", "5..0", "12:30",
  ]

  private static func feature(_ geometry: String, _ id: String = "x") -> String {
    #"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"\#(id)"},"geometry":\#(geometry)}]}"#
  }

  private static func cell(_ place: String, _ inner: String, _ attributes: String = "") -> String {
    #"<c r="\#(place)"\#(attributes)>\#(inner)</c>"#
  }

  private static func text(_ place: String, _ text: String) -> String {
    cell(place, "<is><t>\(text)</t></is>", #" t="inlineStr""#)
  }

  static let agencies: [Input] = agencyTables + agencyRecords + agencySheets + agencyShapes + agencyArchives

  private static let agencyTables: [Input] = [
    // Census: annotations and labels.
    Input("an annotation of the ACS", inCSV, "a,b\n0500000US24003,-666666666\n", .rows(["0500000US24003|-666666666"])),
    Input(
      "a second header of labels, undeclared",
      "format: csv, columns: [{name: a, in_file: GEO_ID}, {name: b, in_file: B01001_001E}]",
      "GEO_ID,B01001_001E\nGeography,Estimate!!Total\n0500000US24003,5\n",
      .rows(["0500000US24003|5", "Geography|Estimate!!Total"])),
    Input(
      "a second header of labels, declared",
      #"format: csv, header_rows: 2, columns: [{name: a, in_file: "GEO_ID Geography"}, {name: b, in_file: "B01 Total"}]"#,
      "GEO_ID,B01\nGeography,Total\nx,5\n", .rows(["x|5"])),
    Input("a total at the end", inCSV, "a,b\n1,2\nTotal,2\n", .rows(["1|2", "Total|2"])),
    Input(
      "a note in its first cell", inCSV, "a,b\n1,2\n\"Note: p = preliminary\",\n",
      .rows(["1|2", "Note: p = preliminary|"])),
    Input("blanks of a width", inCSV, "a,b\n24003 ,  5\n", .rows(["24003 |  5"])),
    Input("a null that is written", inCSV, "a,b\nnull,NULL\n", .rows(["null|NULL"])),
    Input("an empty text and nothing", inCSV, "a,b\n\"\",\n", .rows(["|"])),
    Input("a comma of decimals between semicolons", inCSV + ", delimiter: \";\"", "a;b\n1,5;2,5\n", .rows(["1,5|2,5"])),
    Input(
      "the header in the middle, joined with others", inCSV, "a,b\n1,2\nb,a\n4,3\n",
      .rows(["1|2", "b|a", "4|3"].sorted())),
    Input("a title in quotes before the header", inCSV, "\"Table 1. Jobs, 2021\"\na,b\n1,2\n", .refused(["skip"])),
    Input("line ends within quotes, of a Mac", inCSV, "a,b\n\"x\ry\",2\n", .rows(["x\ry|2"])),
    Input(
      "a value of a million letters", inCSV, "a,b\nx," + String(repeating: "y", count: 1_000_000) + "\n",
      .rows(["x|" + String(repeating: "y", count: 1_000_000)])),
    Input(
      "marks of direction about a value", inCSV, "a,b\n\u{200E}5,\u{202B}6\u{202C}\n",
      .rows(["\u{200E}5|\u{202B}6\u{202C}"])),
    Input("letters that are put together", inCSV, "a,b\nDon\u{303}a,Doña\n", .rows(["Don\u{303}a|Doña"])),
    Input("an escape of a spreadsheet", inCSV, "a,b\n'00123,2\n", .rows(["'00123|2"])),
  ]

  private static let agencyRecords: [Input] = [
    Input("nulls of FEMA", inJSON, #"[{"a":null,"b":"null"}]"#, .rows(["|null"])),
    Input(
      "a whole number beyond 2^53", inJSON, #"[{"a":9007199254740993,"b":-9007199254740993}]"#,
      .rows(["9007199254740993|-9007199254740993"])),
    Input("a number beyond all numbers", inJSON, #"[{"a":1e400,"b":-1e400}]"#, .rows(["1e400|-1e400"])),
    Input("a number below all that there are, which is nought", inJSON, #"[{"a":1e-400,"b":"1"}]"#, .rows(["0.0|1"])),
    Input("a nought with a sign", inJSON, #"[{"a":-0,"b":-0.0}]"#, .rows(["0|-0.0"])),
    Input("money of three digits", inJSON, #"[{"a":0.1,"b":1234567.89}]"#, .rows(["0.1|1234567.89"])),
    Input("NaN and Infinity as words", inJSON, #"[{"a":NaN,"b":-Infinity}]"#, .rows(["NaN|-Infinity"])),
    Input("truths and noughts", inJSON, #"[{"a":true,"b":0}]"#, .rows(["true|0"])),
    Input("lists of codes", inJSON, #"[{"a":["x","y"],"b":[]}]"#, .rows([#"["x","y"]|[]"#])),
    Input(
      "footnotes of BLS", inJSON, #"[{"a":"2021","b":[{"code":"P","text":"Preliminary."}]}]"#,
      .rows([#"2021|[{"code":"P","text":"Preliminary."}]"#])),
    Input("a list of nothing", inJSON, "[]", .rows([])),
    Input(
      "a row that is null", inJSON, #"[{"a":"x","b":"1"},null]"#,
      .refused(["line 1, character 20: found null, expected a record, which is an object"])),
    Input(
      "a row that is a list", inJSON, #"[{"a":"x","b":"1"},["y","2"]]"#,
      .refused([#"line 1, character 20: found a list, expected a record, which is an object: ["y","2"]"#])),
    Input("a last line that was cut", inLines, "{\"a\":\"x\",\"b\":\"1\"}\n{\"a\":\"y\",\"b", .refused(["line 2"])),
    Input(
      "a last line without its end", inLines, "{\"a\":\"x\",\"b\":\"1\"}\n{\"a\":\"y\",\"b\":\"2\"}",
      .rows(["x|1", "y|2"])),
    Input(
      "a summary as the last line", inLines, "{\"a\":\"x\",\"b\":\"1\"}\n{\"count\":1}\n", .rows(["x|1", "|"].sorted())),
    Input(
      "an error as the last line", inLines, "{\"a\":\"x\",\"b\":\"1\"}\n\"quota exceeded\"\n",
      .refused([#"line 2, character 1: found a text, expected a record, which is an object: "quota exceeded""#])),
    Input(
      "nulls in a table of the Census", inTable, #"[["a","b"],["x",null],[null,"-888888888"]]"#,
      .rows(["x|", "|-888888888"])),
    Input(
      "numbers in a table of the Census", inTable, #"[["a","b"],["x",1.50],["y",9007199254740993]]"#,
      .rows(["x|1.5", "y|9007199254740993"])),
    Input(
      "a table with its header again", inTable, #"[["a","b"],["x","1"],["a","b"],["y","2"]]"#, .rows(["x|1", "y|2"])),
    Input(
      "a table of objects", inTable, #"[{"a":"x","b":"1"}]"#,
      .refused(["line 1, character 2: found an object, expected a row, which is a list of values", "`format: json`"])),
    Input(
      "a table whose names are in capitals", inTable, #"[["A","B"],["x","1"]]"#,
      .refused(["column 'a' is gone, and 'A' is new: renamed? (/)", "column 'b' is gone, and 'B' is new", "in_file: A"])
    ),
  ]

  private static let headerWithSpaces = OddFile.workbook(
    "",
    [
      "xl/worksheets/sheet1.xml":
        #"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">\#(text("A1", " a "))\#(text("B1", "b&#10;"))</row><row r="2">\#(text("A2", "x"))\#(cell("B2", "<v>5</v>"))</row></sheetData></worksheet>"#
    ])

  private static let agencySheets: [Input] = [
    Input(
      "an error where a number is due", inSheet,
      OddFile.workbook(#"<row r="2">\#(text("A2", "x"))\#(cell("B2", "<v>#N/A</v>", #" t="e""#))</row>"#),
      .rows(["x|#N/A"])),
    Input(
      "a formula's error without its value", inSheet,
      OddFile.workbook(#"<row r="2">\#(text("A2", "x"))\#(cell("B2", "<f>NA()</f>", #" t="e""#))</row>"#),
      .refused(["B2 has the formula"])),
    Input(
      "a percentage as a share", inSheet,
      OddFile.workbook(
        #"<row r="2">\#(text("A2", "x"))\#(cell("B2", "<v>4.1000000000000002E-2</v>", #" s="2""#))</row>"#),
      .rows(["x|4.1000000000000002E-2"])),
    Input(
      "a date below 1900", inSheet,
      OddFile.workbook(#"<row r="2">\#(text("A2", "x"))\#(cell("B2", "<v>-1</v>", #" s="1""#))</row>"#), .rows(["x|-1"])
    ),
    Input(
      "a header of two rows", inSheet,
      OddFile.workbook(
        #"<row r="2">\#(text("A2", "FIPS"))\#(text("B2", "(thousands)"))</row><row r="3">\#(text("A3", "x"))\#(cell("B3", "<v>5</v>"))</row>"#
      ), .rows(["FIPS|(thousands)", "x|5"])),
    Input(
      "a header with spaces about its names", inSheet, headerWithSpaces,
      .refused(["column 'b' is gone, and 'b\n' is new: renamed? (/)", #"{name: b, in_file: "b\n"}"#])),
    Input(
      "a header with spaces about its names, declared", #"format: xlsx, columns: [a, {name: b, in_file: "b\n"}]"#,
      headerWithSpaces, .rows(["x|5"])),
  ]

  private static let agencyShapes: [Input] = [
    Input(
      "latitude and longitude that are swapped", inShape, feature(#"{"type":"Point","coordinates":[40.1,-83.2]}"#),
      .rows(["x|POINT (40.1 -83.2)"])),
    Input(
      "a polygon over the date line", inShape,
      feature(
        #"{"type":"MultiPolygon","coordinates":[[[[179,51],[180,51],[180,52],[179,51]]],[[[-180,51],[-179,51],[-180,52],[-180,51]]]]}"#
      ), .rows(["x|MULTIPOLYGON (((179 51, 180 51, 180 52, 179 51)), ((-180 51, -179 51, -180 52, -180 51)))"])),
    Input(
      "a point that is nowhere", inShape, feature(#"{"type":"Point","coordinates":[0,0]}"#), .rows(["x|POINT (0 0)"])),
    Input(
      "coordinates of a number of years", inShape, feature(#"{"type":"Point","coordinates":[-83.2,91.5]}"#),
      .refused(["no degrees"])),
    Input(
      "a ring of the same point", inShape, feature(#"{"type":"Polygon","coordinates":[[[1,1],[1,1],[1,1],[1,1]]]}"#),
      .rows(["x|POLYGON ((1 1, 1 1, 1 1, 1 1))"])),
    Input(
      "coordinates of many digits", inShape, feature(#"{"type":"Point","coordinates":[-83.12345678901234567,40]}"#),
      .rows(["x|POINT (-83.12345678901235 40)"])),
  ]

  private static let agencyArchives: [Input] = [
    Input(
      "a folder in a zip", inCSV + #", member: "*.csv""#,
      OddFile.archive([("d/", []), ("d/t.csv", Array("a,b\n1,2\n".utf8))]), .rows(["1|2"])),
    Input(
      "two tables in a zip, of one layout", inCSV + #", member: "*.csv""#,
      OddFile.archive([("1.csv", Array("a,b\n1,2\n".utf8)), ("2.csv", Array("b,a\n4,3\n".utf8))]),
      .rows(["1|2", "3|4"])),
    Input(
      "two tables in a zip, of which one has other names", inCSV + #", member: "*.csv""#,
      OddFile.archive([("1.csv", Array("a,b\n1,2\n".utf8)), ("2.csv", Array("a,c\n3,4\n".utf8))]),
      .refused(["column 'b' is gone, and 'c' is new: renamed? (2.csv of /)"])),
    Input(
      "a table in a zip that is empty", inCSV + #", member: "*.csv""#,
      OddFile.archive([("1.csv", Array("a,b\n1,2\n".utf8)), ("2.csv", [])]), .refused(["2.csv"])),
    Input(
      "a table in a zip, of its name in capitals", inCSV + #", member: "t.csv""#,
      OddFile.archive([("T.CSV", Array("a,b\n1,2\n".utf8))]), .rows(["1|2"])),
  ]
}
