/// The format of a prepared input file, as DuckDB reads it.
package enum InputFormat: String, Sendable, CaseIterable {
  /// A JSON array of arrays whose first is the header: the Census API's answers.
  case jsonTable = "json_table"
  /// A JSON array of objects.
  case json
  case ndjson
  /// Comma-separated with one header line.
  case csv
  case tsv
  case parquet
  /// Any text, a row per line, in the one column `line`: fixed width, odd headers and footers are the transform's.
  case lines
  /// One JSON value of any shape, whole, in the one column `document`: the transform takes it apart.
  case jsonDocument = "json_document"
}
