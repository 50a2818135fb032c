package import Catalog
internal import FoundationEssentials

/// Finds out what a document is, by definitions that are built like any other and publish nothing: each has one column,
/// `answer`, a text of JSON.
package struct DocumentProbe: Sendable {
  package static let column = "answer"
  /// The request's name, in probes and in what is scaffolded.
  static let request = "document"

  package var address: DatasetRequestAddress
  package var format: InputFormat
  package var jsonPath: String?
  /// Its columns, once they are known.
  package var columns: [String] = []

  /// What is asked, without the rest of a `DocumentAddress`.
  package struct DatasetRequestAddress: Sendable {
    var sourceID: String
    var path: String
    var query: [DatasetRequest.QueryItem]
  }

  package init(_ address: DocumentAddress, format: InputFormat) {
    self.address = DatasetRequestAddress(sourceID: address.sourceID, path: address.path, query: address.query)
    self.format = format
  }

  // MARK: Questions

  /// Of JSON: its shape, and of a table the first row, which is its header.
  package var shapeSQL: String {
    """
    SELECT CAST(to_json({'structure': json_structure(document),
      'header': CASE WHEN json_type(document -> 0) = 'ARRAY' THEN document -> 0 END}) AS VARCHAR) AS answer
    FROM raw.document LIMIT 1
    """
  }

  /// Of all else: the names of its columns, in their order.
  package var namesSQL: String {
    "SELECT CAST(to_json(list(column_name)) AS VARCHAR) AS answer FROM (DESCRIBE raw.document)"
  }

  /// Of its columns, what their values are.
  package var profileSQL: String {
    let parts = columns.map { name -> String in
      let value = #""\#(name.replacing("\"", with: "\"\""))""#
      let text = "nullif(trim(CAST(\(value) AS VARCHAR)), '')"
      func count(_ condition: String) -> String { "count(*) FILTER (WHERE \(text) IS NOT NULL AND \(condition))" }
      return """
        {'rows': count(*), 'filled': count(\(text)), 'blank': count(\(value)) - count(\(text)),
         'distinct': count(DISTINCT \(text)),
         'integers': \(count("is_integer(\(text)) AND abs(TRY_CAST(\(text) AS DOUBLE)) < 9e15")),
         'numbers': \(count("is_number(\(text))")),
         'amounts': \(count(#"regexp_full_match(\#(text), '[+-]?\$?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?')"#)),
         'dates': \(count(#"regexp_full_match(\#(text), '\d{4}-\d{2}-\d{2}') AND TRY_CAST(\#(text) AS DATE) IS NOT NULL"#)),
         'timestamps': \(count(#"regexp_full_match(\#(text), '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*') AND TRY_CAST(\#(text) AS TIMESTAMPTZ) IS NOT NULL"#)),
         'booleans': \(count("lower(\(text)) IN ('true', 'false')")),
         'padded': \(count(#"regexp_full_match(\#(text), '0\d+')"#)),
         'digits': \(count(#"regexp_full_match(\#(text), '\d+')"#)),
         'least': min(TRY_CAST(\(text) AS DOUBLE)), 'shortest': min(length(\(text))), 'longest': max(length(\(text))),
         'values': CASE WHEN count(DISTINCT \(text)) <= \(Self.mostListed) THEN list_sort(list(DISTINCT \(text)) FILTER (WHERE \(text) IS NOT NULL)) END}
        """
    }
    return "SELECT CAST(to_json([\(parts.joined(separator: ",\n"))]) AS VARCHAR) AS answer FROM raw.document"
  }

  /// A column with more values than this is no list of choices.
  static let mostListed = 12

  /// Of pairs of columns, how many different ones there are.
  package func pairsSQL(_ pairs: [(String, String)]) -> String {
    let counts = pairs.map { first, second in
      "count(DISTINCT (\(Self.identifier(first)), \(Self.identifier(second))))"
    }
    return "SELECT CAST(to_json([\(counts.joined(separator: ", "))]) AS VARCHAR) AS answer FROM raw.document"
  }

  static func identifier(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  // MARK: Answers

  /// Takes the format, the path of the rows, and the columns from the shape of a JSON document.
  ///
  /// - Throws: `CatalogScaffold.Failure.noRows` where there is no table in it.
  package mutating func read(shape answer: String) throws {
    var fields = try YAMLNode.parse(answer, file: "the document's shape").mapping()
    let shape = JSONShape(try fields.require("structure"))
    switch shape {
    case .list(.some(.list)):
      format = .jsonTable
      columns = try fields.take("header")?.strings() ?? []
    case .list(.some(.object(let members))):
      format = .json
      columns = members.map(\.name)
    case .object(let members) where members.contains { $0.name == "features" && $0.value.member("properties") != nil }:
      format = .geojson
      let properties = members.first { $0.name == "features" }?.value.member("properties")
      columns = (properties?.members.map(\.name) ?? []) + [InputFormat.geometryColumn]
    case .object:
      guard let found = shape.rows(path: []) else { throw CatalogScaffold.Failure.noRows }
      format = .json
      jsonPath = found.path
      columns = found.names
    default: throw CatalogScaffold.Failure.noRows
    }
    if columns.isEmpty { throw CatalogScaffold.Failure.noRows }
  }

  package mutating func read(names answer: String) throws {
    columns = try JSONDecoder().decode([String].self, from: Data(answer.utf8))
  }

  // MARK: Definitions

  /// A definition that asks one of the questions.
  ///
  /// - Throws: `CatalogScaffold.Failure.unreadable` where the request makes none.
  package func definition(_ sql: String, year: Int, asDocument: Bool = false) throws -> DatasetSpec {
    var probe = self
    if asDocument {
      probe.format = .jsonDocument
      probe.jsonPath = nil
      probe.columns = ["document"]
    }
    let yaml = """
      name: probe
      title: What a document is
      partitions: {years: \(year)-\(year)}
      requests:
      \(probe.requestYAML)
      columns:
        - {name: \(Self.column), type: text, description: What was found.}
      """
    let reading = DatasetSpec.read(datasetYAML: yaml, transformSQL: sql)
    guard let spec = reading.spec else {
      throw CatalogScaffold.Failure.unreadable(reading.errors.map(\.message).joined(separator: "; "))
    }
    return spec
  }

  var requestYAML: String {
    let quoted = DocumentAddress.quoted
    var lines = [
      "  - name: \(Self.request)", "    source: \(address.sourceID)", "    path: \(quoted(address.path))",
    ]
    var names: [String] = []
    for item in address.query where !names.contains(item.name) { names.append(item.name) }
    if !names.isEmpty {
      let items = names.map { name -> String in
        let values = address.query.filter { $0.name == name }.map { quoted($0.value) }
        return "\(quoted(name)): \(values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")"
      }
      lines.append("    query: {\(items.joined(separator: ", "))}")
    }
    lines.append("    format: \(format.rawValue)")
    if let jsonPath { lines.append("    json_path: \(quoted(jsonPath))") }
    if !columns.isEmpty { lines.append("    columns: [\(columns.map(quoted).joined(separator: ", "))]") }
    return lines.joined(separator: "\n")
  }
}
