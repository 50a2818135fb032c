/// The format of an input file, as a dataset's definition names it.
package enum InputFormat: String, Sendable, CaseIterable {
  /// A JSON array of arrays whose first is the header: the Census API's answers.
  case jsonTable = "json_table"
  /// A JSON array of objects: the whole document, or where `json_path` says.
  case json
  case ndjson
  /// Comma-separated with one header line; `InputOptions` for the odder ones.
  case csv
  case tsv
  /// A row per line, each column at the same place (`at`) of all lines.
  case fixedWidth = "fixed_width"
  case parquet
  /// A sheet of a workbook.
  case xlsx
  /// Any text, a row per line, in the one column `line`: fixed width, odd headers and footers are the transform's.
  case lines
  /// One JSON value of any shape, whole, in the one column `document`: the transform takes it apart.
  case jsonDocument = "json_document"
  /// A FeatureCollection: a row per feature, its properties as columns, and `geometry` as WKT.
  case geojson
  /// A feature a line, with or without the commas and brackets of a collection around them; the same columns.
  case geojsonLines = "geojson_lines"
  /// A shapefile in a zip: its attributes as columns, and `geometry` as WKT.
  case shapefile
  /// RSS or Atom: `title`, `link`, `guid`, `published`, `summary`, `source` of each item, and `unreadable` of a feed.
  case feed

  /// Whether DuckDB needs its spatial extension to read it.
  package var isSpatial: Bool {
    switch self {
    case .geojson, .geojsonLines, .shapefile: true
    default: false
    }
  }

  /// Whether a row is an object, whose members have names and no order.
  package var isObjects: Bool {
    switch self {
    case .json, .ndjson, .geojson, .geojsonLines: true
    default: false
    }
  }

  /// The column in which spatial formats give the shape, as WKT in the source's own reference system.
  package static let geometryColumn = "geometry"
  /// The column in which `geojson_lines` gives what is no feature, or whose shape cannot be read. Without it declared, such
  /// a line stops the partition.
  package static let rejectedColumn = "rejected_line"
  /// What `feed` can give.
  package static let feedColumns = ["title", "link", "guid", "published", "summary", "source", unreadableColumn]
  /// The column in which `feed` gives why a feed cannot be read to its end, in a row of its own. Without it declared, such a
  /// feed stops the partition.
  package static let unreadableColumn = "unreadable"
}
