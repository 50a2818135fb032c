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
}
