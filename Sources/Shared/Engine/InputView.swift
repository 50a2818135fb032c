package import Catalog
internal import Glibc

/// How DuckDB reads the files of one request: as a view `raw.<request>` of text columns.
package struct InputView: Sendable {
  package let request: DatasetRequest
  /// Prepared files, all of the request's format. None where an optional level is not offered.
  package let documents: [Document]
  package let year: Int
  /// Selects the rows that the request was made for, one by one.
  package let rowsSQL: String?

  package init(request: DatasetRequest, documents: [Document], year: Int, rowsSQL: String? = nil) {
    self.request = request
    self.documents = documents
    self.year = year
    self.rowsSQL = rowsSQL
    var seen: Set<String> = []
    files =
      request.columnVariables.isEmpty && !request.hasRowColumns
      ? documents.map(\.file) : documents.map(\.file).filter { seen.insert($0).inserted }
  }

  package init(request: DatasetRequest, files: [String], year: Int, rowsSQL: String? = nil) {
    self.init(request: request, documents: files.map { Document(file: $0) }, year: year, rowsSQL: rowsSQL)
  }

  package let files: [String]

  /// One row per file: `{"request", "file", "columns": [...]}`, in the order of the file.
  package var headerSQL: String {
    files.map { file in
      """
      SELECT \(SQL.literal(request.name)) AS request, \(SQL.literal(file)) AS file, columns FROM (\(headerQuery(file)));
      """
    }.joined(separator: "\n")
  }

  private func headerQuery(_ file: String) -> String {
    let path = SQL.literal(file)
    switch request.format {
    case .jsonTable: return "SELECT r AS columns FROM (\(jsonTable(path))) LIMIT 1"
    case .csv, .tsv: return delimitedHeader(file)
    case .json where request.input.jsonPath != nil:
      return """
        SELECT list_distinct(flatten(list(json_keys(item)))) AS columns FROM (SELECT item FROM \(items([file])) LIMIT 100)
        HAVING count(*) > 0
        """
    case .json, .ndjson:
      // The first hundred objects: a source that leaves empty fields out rarely does so in all of them.
      return """
        SELECT list_distinct(flatten(list(json_keys(json)))) AS columns
        FROM (SELECT json FROM read_json_objects(\(path), format = '\(jsonFormat)'\(compression)) LIMIT 100)
        HAVING count(*) > 0
        """
    case .geojson, .geojsonLines: return featureHeader(file)
    case .fixedWidth: return fixedWidthHeader(file)
    case .xlsx, .shapefile: return tableHeader(file)
    case .feed:
      let columns = InputFormat.feedColumns.filter {
        $0 != InputFormat.unreadableColumn || request.declaresUnreadableFeeds
      }
      return "SELECT \(SQL.list(columns)) AS columns"
    case .parquet:
      return "SELECT list(column_name) AS columns FROM (DESCRIBE SELECT * FROM read_parquet(\(path)))"
    case .lines: return "SELECT ['line'] AS columns"
    case .jsonDocument: return "SELECT ['document'] AS columns"
    }
  }

  /// Creates the view. Columns that other vintages declare are there too, as NULL, so that one transform reads them all.
  package var viewSQL: String {
    if !request.columnVariables.isEmpty || request.hasRowColumns || holdsAnswers {
      return viewSQL(variables: request.columnVariables)
    }
    return "CREATE VIEW raw.\(SQL.identifier(request.name)) AS \(selectSQL);"
  }

  /// All rows of the files, as one SELECT.
  var selectSQL: String {
    guard let declared = request.columns(year: year) else {
      // Nothing declared: all that comes, as it comes.
      let all = request.format == .shapefile ? "* EXCLUDE (drawn)" : "*"
      return files.isEmpty ? "SELECT NULL AS nothing WHERE false" : "SELECT \(all) FROM \(reader(columns: nil))"
    }
    let columns = request.allColumns.map { column in
      declared.names.contains(column) && !files.isEmpty
        ? "\(value(column, declared)) AS \(SQL.identifier(column))"
        : "CAST(NULL AS \(request.isPattern(column) ? "MAP(VARCHAR, VARCHAR)" : "VARCHAR")) AS \(SQL.identifier(column))"
    }.joined(separator: ", ")
    if files.isEmpty { return "SELECT \(columns) WHERE false" }
    if request.format == .jsonTable {
      let names = Self.names(declared)
      let tables = files.map { file in
        """
        SELECT \(columns) FROM (\(jsonTable(SQL.literal(file)))), (SELECT r AS header FROM \
        (\(jsonTable(SQL.literal(file)))) LIMIT 1) WHERE CASE WHEN \(Self.isTwice("header", names)) \
        THEN error('the header has a column twice: ' || left(CAST(to_json(header) AS VARCHAR), 300)) ELSE true END AND r IS DISTINCT FROM header AND CASE WHEN len(r) = len(header) THEN true \
        ELSE error('a row of ' || coalesce(len(r), 0) || ' values where the header has ' || len(header) || ': ' \
        || left(CAST(to_json(r) AS VARCHAR), 300)) END
        """
      }
      return tables.joined(separator: " UNION ALL ")
    }
    return "SELECT \(columns) FROM \(complete(reader(columns: declared), declared)) AS came"
  }

  /// What a reader gives, with the columns that not every file has.
  private func complete(_ reader: String, _ declared: RequestColumns) -> String {
    // Members of objects are NULL by themselves where they are absent.
    if declared.optionalNames.isEmpty || request.format.isObjects { return reader }
    let absent = declared.optionalNames.sorted().map {
      "CAST(NULL AS VARCHAR) AS \(SQL.identifier(declared.sourceName($0)))"
    }
    return "(SELECT * FROM \(reader) UNION ALL BY NAME SELECT \(absent.joined(separator: ", ")) WHERE false)"
  }

  /// One row: `{"request", "rows", "wrong": [{"column", "type", "count", "example"}]}`, of each column with a declared type
  /// how many values are not of it. Nil where nothing is to be counted.
  package var countsSQL: String? {
    guard !files.isEmpty else { return nil }
    let declared = request.columns(year: year)
    let typed = (declared?.names ?? []).filter { declared?.types[$0] != nil && declared?.types[$0] != .text }
    if typed.isEmpty, preparedRowCount == nil { return nil }
    let wrong = typed.map { name -> String in
      let column = SQL.identifier(name)
      let type = declared?.types[name] ?? .text
      let isWrong = "\(column) IS NOT NULL AND trim(\(column)) <> '' AND NOT \(Self.isOfType(type, column))"
      return """
        {'column': \(SQL.literal(name)), 'type': '\(type.rawValue)', 'count': count(*) FILTER (WHERE \(isWrong)), \
        'example': min(\(column)) FILTER (WHERE \(isWrong))}
        """
    }
    let list = wrong.isEmpty ? "[]" : "list_filter([\(wrong.joined(separator: ", "))], lambda w: w.count > 0)"
    return """
      SELECT \(SQL.literal(request.name)) AS request, count(*) AS rows, \(list) AS wrong
      FROM raw.\(SQL.identifier(request.name));
      """
  }

  private static func isOfType(_ type: RequestColumns.RawType, _ column: String) -> String {
    switch type {
    case .integer: "is_integer(\(column))"
    case .number: "is_number(\(column))"
    case .date: "is_date(\(column))"
    case .text: "true"
    }
  }

  /// What the declared columns may be called in the document.
  static func names(_ declared: RequestColumns) -> String {
    SQL.list(declared.names.flatMap { declared.possibleNames($0) })
  }

  /// Whether one of the names stands in a list more than once: nothing says which one counts.
  static func isTwice(_ list: String, _ names: String) -> String {
    "len(list_filter(\(list), lambda k: list_contains(\(names), k))) > len(list_intersect(\(list), \(names)))"
  }

  /// Whether two members differ in the case of their letters alone, which columns of DuckDB may not.
  private static func areAlike(_ declared: RequestColumns) -> Bool {
    let names = declared.names.flatMap { declared.possibleNames($0) }
    return Set(names.map { $0.lowercased() }).count < names.count
  }

  /// The JSON array of arrays as rows of one list `r`, the header first.
  private func jsonTable(_ path: String) -> String {
    """
    SELECT json AS r FROM read_json(\(path), format = 'array', records = false, columns = {'json': 'VARCHAR[]'}, \
    maximum_object_size = \(Self.recordByteLimit))
    """
  }

  private func value(_ column: String, _ declared: RequestColumns) -> String {
    if let pattern = declared.patterns[column] {
      return """
        map_from_entries(list_filter(map_entries(CAST(to_json(came) AS MAP(VARCHAR, VARCHAR))), \
        lambda e: regexp_full_match(e.key, \(SQL.literal(pattern)))))
        """
    }
    let names = declared.possibleNames(column)
    func first(_ value: (String) -> String) -> String { "coalesce(\(names.map(value).joined(separator: ", ")))" }
    switch request.format {
    case .jsonTable: return first { "r[list_position(header, \(SQL.literal($0)))]" }
    case .json where request.input.jsonPath != nil || Self.areAlike(declared), .ndjson where Self.areAlike(declared):
      return first { "json_extract_string(item, \(jsonMember($0)))" }
    case .geojson, .geojsonLines: return first(featureValue)
    case .shapefile where names == [InputFormat.geometryColumn]: return "ST_AsText(geom)"
    default: break
    }
    if names.count == 1, SQL.isOfOneLine(names[0]) { return "CAST(\(SQL.identifier(names[0])) AS VARCHAR)" }
    let lowered = names.map { SQL.literal($0.lowercased()) }.joined(separator: ", ")
    return "CAST(coalesce(*COLUMNS(lambda c: lower(c) IN (\(lowered)))) AS VARCHAR)"
  }

  private func reader(columns: RequestColumns?) -> String {
    let paths = SQL.list(files)
    switch request.format {
    case .csv, .tsv: return delimited()
    case .lines: return lines(files)
    case .fixedWidth: return fixedWidth(files, columns)
    case .xlsx, .shapefile: return tables(files)
    case .geojson, .geojsonLines: return features(files, columns)
    case .json where request.input.jsonPath != nil: return items(files)
    case .jsonDocument:
      return """
        (SELECT json AS document FROM read_json_objects(\(paths), format = 'unstructured', \
        maximum_object_size = \(Self.documentByteLimit)\(compression)))
        """
    case .json, .ndjson, .feed:
      guard let columns else {
        return "read_json(\(paths), format = '\(jsonFormat)', union_by_name = true\(compression))"
      }
      if request.format != .feed, Self.areAlike(columns) {
        return "(SELECT json AS item FROM read_json_objects(\(paths), format = '\(jsonFormat)'\(compression)))"
      }
      let types = columns.names.flatMap { columns.possibleNames($0) }
        .map { "\(SQL.literal($0)): 'VARCHAR'" }.joined(separator: ", ")
      return "read_json(\(paths), format = '\(jsonFormat)', columns = {\(types)}\(compression))"
    case .parquet: return "read_parquet(\(paths), union_by_name = true)"
    case .jsonTable: return "(\(jsonTable(SQL.literal(files.first ?? ""))))"
    }
  }

  /// 16 MiB, as DuckDB has it: it takes twice as much of the memory for each thread that reads.
  static let recordByteLimit = 16_777_216

  /// 128 MiB: DuckDB holds a document whole. What has records and is larger than a few is read by them (`RecordsFile`).
  static let documentByteLimit = 134_217_728

  /// DuckDB goes by the name's ending, and the cache names files by their content.
  var compression: String {
    files.contains(where: Self.isGzip) ? ", compression = 'gzip'" : ""
  }

  static func isGzip(_ file: String) -> Bool {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var magic: [UInt8] = [0, 0]
    return read(descriptor, &magic, 2) == 2 && magic == [0x1F, 0x8B]
  }

  private var jsonFormat: String { request.format == .json ? "array" : "newline_delimited" }
}
