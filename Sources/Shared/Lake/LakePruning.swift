internal import AppliedCatalog
internal import Catalog

package import Postgres

/// The retention of all datasets, or of one, as their applied definitions say.
package enum LakePruning {
  package struct Report: Sendable {
    package var dataset: String
    package var keptCount: Int
    package var files: [LakeRetention.Expired]
  }

  /// Datasets that keep everything are not in the report.
  package static func run(
    dataset: String?, isDryRun: Bool, in lake: any LakeStore, _ connection: PostgresConnection
  ) async throws -> [Report] {
    let rows = try await connection.query(
      "SELECT name, definition_hash FROM catalog.dataset WHERE $1::text IS NULL OR name = $1 ORDER BY name", [dataset])
    if let dataset, rows.isEmpty { throw CatalogError.unknownDataset(dataset, near: nil) }
    let definitions = DefinitionStore()
    var reports: [Report] = []
    for row in rows {
      let name: String = try row.decode("name")
      let spec = try await definitions.definition(dataset: name, hash: row.decode("definition_hash"), connection)
      guard let count = spec.keptVintageCount else { continue }
      reports.append(
        Report(
          dataset: name, keptCount: count,
          files: try await LakeRetention(lake).prune(
            dataset: name, keptCount: count, isDryRun: isDryRun, connection)))
    }
    return reports
  }
}
