package import Catalog

/// The extensions of DuckDB that reading and writing need, each installed as a file beside the program.
package enum DuckDBExtension: String, Sendable, CaseIterable {
  /// Geometry, GeoJSON, shapefiles.
  case spatial
  /// Workbooks.
  case excel
  /// Rows as Postgres' binary COPY has them; nobody needs it.
  case postgres = "postgres_scanner"
}

extension DatasetSpec {
  /// What its requests, its columns and its transform use.
  package var extensions: Set<DuckDBExtension> {
    var found: Set<DuckDBExtension> = []
    // Functions of the spatial extension begin so, and no others do.
    let callsSpatial = ([transformSQL] + otherSQL.values).contains { $0.contains(/\bst_\w+\s*\(/.ignoresCase()) }
    if hasGeometry || callsSpatial || requests.contains(where: \.format.isSpatial) { found.insert(.spatial) }
    if requests.contains(where: { $0.format == .xlsx }) { found.insert(.excel) }
    return found
  }
}
