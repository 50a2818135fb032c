package import FoundationEssentials
package import Lineage
package import Postgres

/// All that is known of a dataset: how it is defined, what is published of it, and how its checks went.
package struct DatasetStory: Encodable, Sendable {
  package struct Column: Encodable, Sendable {
    package var name: String
    package var type: String
    package var unit: String?
    package var description: String
    package var is_key: Bool
    /// `request.column` of what it is made of, where the definition tells.
    package var sources: [String]
  }

  package struct Publication: Encodable, Sendable {
    package var publication_id: Int64
    package var data_year: Int
    package var region: String
    package var as_of: String
    package var published_at: Date
    package var outcome: PublicationRecord.Outcome
    package var row_count: Int
    /// Rows more than the partition's publication before had; nil for the first.
    package var row_change: Int?
    package var task_id: Int64
  }

  package struct Validation: Encodable, Sendable {
    package var validated_at: Date
    package var data_year: Int
    package var region: String
    package var check_count: Int
    package var failed_count: Int
    package var warned_count: Int
    package var task_id: Int64?
  }

  package var dataset: String
  package var title: String
  package var description: String
  package var owner: String
  package var first_year: Int
  /// Nil while it is still published.
  package var last_year: Int?
  package var definition_hash: String
  package var applied_at: Date
  /// Why its tasks wait in every backfill; nil where nobody paused it.
  package var pause_reason: String?
  package var sources: [String]
  package var reads: [String]
  package var read_by: [String]
  package var columns: [Column]
  package var cells: [StatusCell]
  /// The last ones, the newest first.
  package var publications: [Publication]
  package var validations: [Validation]

  private static let mostLines = 30

  /// - Throws: `Refusal` for a dataset that the database does not know.
  package static func read(_ name: String, _ connection: PostgresConnection) async throws -> DatasetStory {
    let results = try await connection.pipeline([
      PostgresStatement(
        """
        SELECT title, description, owner, first_year, last_year, definition_hash, applied_at, source_ids, depends_on,
          ARRAY(SELECT n.name FROM catalog.dataset n WHERE d.name = ANY (n.depends_on) ORDER BY 1) AS read_by,
          (SELECT p.pause_reason FROM queue.dataset_pause p WHERE p.dataset = d.name) AS pause_reason
        FROM catalog.dataset d WHERE name = $1
        """, [name]),
      PostgresStatement(
        """
        SELECT name, type, unit, description, is_key, sources FROM catalog.dataset_column WHERE dataset = $1
        ORDER BY ordinal
        """, [name]),
      PostgresStatement("SELECT * FROM queue.cells(ARRAY[$1]) ORDER BY data_year", [name]),
      PostgresStatement(
        """
        SELECT p.publication_id, p.data_year, p.region, p.as_of, p.published_at, p.outcome, p.row_count, p.task_id,
          p.row_count - (SELECT b.row_count FROM lineage.publication b
            WHERE b.dataset = p.dataset AND b.data_year = p.data_year AND b.region = p.region
              AND b.publication_id < p.publication_id ORDER BY b.publication_id DESC LIMIT 1) AS row_change
        FROM lineage.publication p WHERE p.dataset = $1 ORDER BY p.publication_id DESC LIMIT $2
        """, [name, mostLines]),
      PostgresStatement(
        """
        SELECT validated_at, data_year, region, check_count, failed_count, warned_count, task_id
        FROM quality.validation WHERE dataset = $1 ORDER BY validation_id DESC LIMIT $2
        """, [name, mostLines]),
    ])
    guard let row = results[0].first else { throw Refusal.noDataset(name) }
    return DatasetStory(
      dataset: name, title: try row.decode("title"), description: try row.decode("description"),
      owner: try row.decode("owner"), first_year: try row.decode("first_year"), last_year: try row.decode("last_year"),
      definition_hash: try row.decode("definition_hash"), applied_at: try row.decode("applied_at"),
      pause_reason: try row.text("pause_reason"),
      sources: try row.decode("source_ids"), reads: try row.decode("depends_on"), read_by: try row.decode("read_by"),
      columns: try results[1].map(Column.init),
      cells: try results[2].map {
        StatusCell(dataset: name, data_year: try $0.decode("data_year"), cell: try GridCell(cell: $0))
      },
      publications: try results[3].map(Publication.init), validations: try results[4].map(Validation.init))
  }
}

extension DatasetStory.Column {
  fileprivate init(_ row: PostgresRow) throws {
    name = try row.decode("name")
    type = try row.decode("type")
    unit = try row.text("unit")
    description = try row.decode("description")
    is_key = try row.decode("is_key")
    sources = try row.decode("sources")
  }
}

extension DatasetStory.Publication {
  fileprivate init(_ row: PostgresRow) throws {
    publication_id = try row.decode("publication_id")
    data_year = try row.decode("data_year")
    region = try row.text("region") ?? ""
    as_of = try row.decode("as_of")
    published_at = try row.decode("published_at")
    outcome = try row.decode("outcome")
    row_count = try row.decode("row_count")
    row_change = try row.decode("row_change")
    task_id = try row.decode("task_id")
  }
}

extension DatasetStory.Validation {
  fileprivate init(_ row: PostgresRow) throws {
    validated_at = try row.decode("validated_at")
    data_year = try row.decode("data_year")
    region = try row.text("region") ?? ""
    check_count = try row.decode("check_count")
    failed_count = try row.decode("failed_count")
    warned_count = try row.decode("warned_count")
    task_id = try row.decode("task_id")
  }
}
