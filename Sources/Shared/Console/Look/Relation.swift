internal import FoundationEssentials
package import Postgres

/// A table or a view that a reader may ask in SQL.
package struct Relation: Encodable, Sendable {
  package struct Column: Codable, Sendable {
    package var name: String
    package var type: String
    package var description: String?
  }

  package var schema: String
  package var name: String
  /// `table` or `view`.
  package var kind: String
  package var description: String?
  /// Those that a reader may read.
  package var columns: [Column]
  package var has_every_column: Bool

  /// Those that hold the data first, then those that most people ask.
  package static func list(_ session: some PostgresSession) async throws -> [Relation] {
    let decoder = JSONDecoder()
    return try await session.query(
      """
      SELECT schema_name, name, kind, description, columns::text AS columns, has_every_column FROM service.relation
      ORDER BY array_position(ARRAY['public', 'queue', 'lineage', 'quality', 'lake', 'catalog'], schema_name) NULLS LAST,
        schema_name, kind = 'table' AND schema_name <> 'public', name
      """
    ).map { row in
      Relation(
        schema: try row.decode("schema_name"), name: try row.decode("name"), kind: try row.decode("kind"),
        description: try row.text("description"),
        columns: try decoder.decode([Column].self, from: Data(try row.decode("columns", as: String.self).utf8)),
        has_every_column: try row.decode("has_every_column"))
    }
  }
}
