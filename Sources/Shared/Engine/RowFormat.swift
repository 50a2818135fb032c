package import Catalog

/// How rows come out of DuckDB and into COPY. A text costs DuckDB two and a half times as much to write as binary, and Postgres a
/// quarter more to read.
package enum RowFormat: String, Sendable {
  case csv, binary

  /// Binary where DuckDB can write it, and writes it right: its extension of version 1.5.5 writes some decimals with digits
  /// that Postgres refuses, such as 1.5 of decimal(38,37).
  package init(of spec: DatasetSpec, _ duckdb: DuckDB) {
    let hasDecimals = spec.columns.contains { if case .decimal = $0.type { true } else { false } }
    self = duckdb.extensions[.postgres] == nil || hasDecimals ? .csv : .binary
  }

  var duckdbOptions: String {
    switch self {
    case .csv: "FORMAT csv, HEADER false"
    case .binary: "FORMAT postgres_binary"
    }
  }
}
