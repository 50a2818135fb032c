internal import Catalog
internal import FoundationEssentials

extension InputView {
  /// Formats whose readers take one file at a time, put under one another by the names of their columns.
  func tables(_ files: [String]) -> String {
    files.count == 1
      ? table(files[0])
      : "(\(files.map { "SELECT * FROM \(table($0))" }.joined(separator: " UNION ALL BY NAME ")))"
  }

  /// What may be read: the files, and of shapefiles what lies beside them.
  var readPaths: [String] {
    guard request.format == .shapefile else { return files }
    return files.map { file in file.lastIndex(of: "/").map { String(file[...$0]) } ?? file }
  }

  private func table(_ file: String) -> String {
    let path = SQL.literal(file)
    if request.format == .shapefile {
      let crs = "(SELECT layers[1].geometry_fields[1].crs FROM ST_Read_Meta(\(path)))"
      let known = shape("geom", crs: crs, what: shownAttributes)
      let shape = unknownSystem(crs, beside: file).map { "CASE \($0) ELSE \(known) END" } ?? known
      // Its type names the file's own reference system, which no other file may have: a shape alone can be put under others.
      let shapes = "(SELECT * REPLACE (CAST(geom AS GEOMETRY) AS geom) FROM ST_Read(\(path)))"
      return "(SELECT * REPLACE (\(shape) AS geom), geom AS drawn FROM \(shapes))"
    }
    if request.input.headerRowCount == 0 { return grid(path) }
    // What is empty is no end of the table: notes between header and rows would hide all that follows.
    let sheet = request.input.sheet.map { ", sheet = \(SQL.literal($0))" } ?? ""
    let cells = "read_xlsx(\(path), header = true, all_varchar = true, stop_at_empty = false\(sheet))"
    // Rows with nothing in them, between others and behind the last, are none.
    return """
      (SELECT * EXCLUDE (" any") FROM (SELECT *, coalesce(*COLUMNS(*)) AS " any" FROM \(cells)) WHERE " any" IS NOT NULL)
      """
  }

  /// A case that refuses what a .prj says where nobody knows it: degrees would be taken for granted.
  private func unknownSystem(_ crs: String, beside file: String) -> String? {
    guard request.input.geometry.crs == nil, let said = Self.referenceSystem(beside: file) else { return nil }
    return """
      WHEN \(crs).wkt IS NULL OR regexp_matches(\(crs).wkt, '^(LOCAL_CS|ENGCRS)') THEN error(\
      \(SQL.literal("its .prj says what is no known reference system, '\(said)': state geometry: {crs: \"EPSG:...\"}")))
      """
  }

  /// The beginning of what a .prj says; nil where there is none, or an empty one.
  private static func referenceSystem(beside file: String) -> String? {
    let stem = file.dropLast(4)
    let text = ["prj", "PRJ"].lazy.compactMap { FileManager.default.contents(atPath: "\(stem).\($0)") }.first
    let words = String(decoding: text ?? Data(), as: UTF8.self).split(whereSeparator: \.isWhitespace)
    return words.isEmpty ? nil : String(words.joined(separator: " ").prefix(80))
  }

  /// What tells a shape of a file from the others: the declared attributes beside it.
  private var shownAttributes: String {
    guard let declared = request.columns(year: year) else { return "'a shape of the file'" }
    // What not every file has cannot be asked for.
    let names = declared.names
      .filter { declared.possibleNames($0).count == 1 && !declared.optionalNames.contains($0) }
      .map { declared.sourceName($0) }
      .filter { $0 != InputFormat.geometryColumn }
    let values = names.map { "CAST(\(SQL.identifier($0)) AS VARCHAR)" }.joined(separator: ", ")
    return names.isEmpty ? "'a shape of the file'" : "left(concat_ws(', ', \(values)), 200)"
  }

  /// A sheet without a header, whatever stands in it where: the declared columns are its first ones. Rows with nothing in
  /// them are left out, and one that has more cells is refused.
  private func grid(_ path: String) -> String {
    let declared = request.columns(year: year)
    let names = (declared?.names ?? []).map { declared?.sourceName($0) ?? $0 }
    let letters = (0...names.count).map(Self.letters)
    let sheet = request.input.sheet.map { ", sheet = \(SQL.literal($0))" } ?? ""
    let cells = zip(letters, names).map { "\($0) AS \(SQL.identifier($1))" }.joined(separator: ", ")
    let beyond = letters[names.count]
    // A sheet has 1,048,576 rows at most.
    return """
      (SELECT \(cells) FROM read_xlsx(\(path), header = false, all_varchar = true, stop_at_empty = false, \
      range = 'A1:\(beyond)1048576'\(sheet)) WHERE CASE WHEN \(beyond) IS NULL THEN \
      coalesce(\(letters.joined(separator: ", "))) IS NOT NULL \
      ELSE error('a row of the sheet has a cell in column \(beyond), beyond the \(names.count) that are declared: ' || \(beyond)) END)
      """
  }

  /// What a workbook calls a column: A to Z, then AA.
  private static func letters(_ index: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index % 26)))
    return index < 26 ? letter : letters(index / 26 - 1) + letter
  }

  func tableHeader(_ file: String) -> String {
    let name =
      request.format == .shapefile
      ? "CASE column_name WHEN 'geom' THEN \(SQL.literal(InputFormat.geometryColumn)) ELSE column_name END"
      : "column_name"
    let table = request.format == .shapefile ? "ST_Read(\(SQL.literal(file)))" : table(file)
    return "SELECT list(\(name)) AS columns FROM (DESCRIBE SELECT * FROM \(table))"
  }

  /// The objects of the array at `json_path`, as the one column `item`.
  func items(_ files: [String]) -> String {
    let path = request.input.jsonPath ?? ""
    let location = SQL.literal("$." + path)
    let found = "json_extract(json, \(location))"
    // With a wildcard DuckDB gives a list of what it found, else the array itself.
    let list =
      path.contains("*")
      ? found
      : """
      CASE WHEN json_type(json, \(location)) = 'ARRAY' THEN CAST(\(found) AS JSON[]) \
      ELSE error(\(SQL.literal("the document has no array at \(path): ")) || left(CAST(json AS VARCHAR), 300)) END
      """
    let whole = files.filter { RecordsFile.largestByteCount($0) == nil }
    var parts: [String] = []
    if !whole.isEmpty {
      parts.append(
        """
        SELECT unnest(\(list)) AS item FROM read_json_objects(\(SQL.list(whole)), format = 'unstructured', \
        maximum_object_size = \(Self.documentByteLimit)\(compression))
        """)
    }
    if let records = records(files) { parts.append("SELECT json AS item FROM \(records)") }
    let items = "(\(parts.joined(separator: " UNION ALL ")))"
    // What names and `[*]` lead to was looked at before (`RecordPlaces` of room Fetch).
    if RecordPath(path) != nil { return items }
    return """
      (SELECT CASE WHEN json_type(item) = 'OBJECT' THEN item ELSE error('this is no record, which is an object: ' \
      || coalesce(left(CAST(item AS VARCHAR), 300), 'null')) END AS item FROM \(items))
      """
  }

  /// The records of those files that have one a line, as the one column `json`; nil where there is no such file.
  func records(_ files: [String]) -> String? {
    let sizes = files.compactMap(RecordsFile.largestByteCount)
    guard let largest = sizes.max() else { return nil }
    let ours = files.filter { RecordsFile.largestByteCount($0) != nil }
    return """
      read_json_objects(\(SQL.list(ours)), format = 'newline_delimited', \
      maximum_object_size = \(max(Self.recordByteLimit, largest)))
      """
  }

  /// A member of an object, whatever characters its name has.
  func jsonMember(_ name: String, of parent: String = "$") -> String {
    SQL.literal("\(parent).\"\(name.replacing("\"", with: "\\\""))\"")
  }
}
