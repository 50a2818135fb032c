package import Catalog
package import Postgres

extension SourceRegistry {
  /// The registry as it was last applied to the database; nil where none was.
  package static func applied(
    _ connection: PostgresConnection, environment: [String: String]
  ) async throws -> SourceRegistry? {
    let rows = try await connection.query("SELECT file, contents FROM catalog.source_file ORDER BY ordinal")
    if rows.isEmpty { return nil }
    return try SourceRegistry(
      try rows.map { try YAMLNode.parse(try $0.decode("contents"), file: try $0.decode("file")) },
      environment: environment)
  }
}
