package import FoundationEssentials
internal import Lake
package import Lineage
internal import Postgres

/// A publication in the history of its partition.
package struct PublicationLine: Encodable, Sendable {
  package enum Place: String, Encodable, Sendable {
    case shown, withdrawn
    case elsewhere = ""
  }

  package var publication: Int64
  package var as_of: String
  package var published_at: Date
  package var outcome: PublicationRecord.Outcome
  package var row_count: Int
  package var sha256: String
  package var task_id: Int64
  /// The definition's hash.
  package var definition: String
  /// Whether that is the one that is applied now; nil for a dataset that the catalog has no more.
  package var is_applied: Bool?
  /// `shown`, `withdrawn`, or empty.
  package var warehouse: Place
  /// Below the lake's folder.
  package var lake_path: String
  /// The report of its checks, below the lake's folder.
  package var report: String

  static let sql = """
    SELECT p.publication_id AS publication, p.as_of, p.published_at, p.outcome, p.row_count, p.output_sha256 AS sha256,
      p.task_id, p.lake_path, p.definition_hash AS definition, p.definition_hash = d.definition_hash AS is_applied,
      CASE WHEN w.publication_id IS NOT NULL THEN 'shown' WHEN x.publication_id IS NOT NULL THEN 'withdrawn' ELSE '' END
        AS warehouse
    FROM lineage.publication p
      LEFT JOIN warehouse.partition w USING (publication_id, dataset, data_year, region)
      LEFT JOIN lake.withdrawal x USING (publication_id) LEFT JOIN catalog.dataset d ON d.name = p.dataset
    WHERE p.dataset = $1 AND p.data_year = $2 AND p.region = $3 ORDER BY p.publication_id DESC
    """

  init(_ row: PostgresRow) throws {
    publication = try row.decode("publication")
    as_of = try row.decode("as_of")
    published_at = try row.decode("published_at")
    outcome = try row.decode("outcome")
    row_count = try row.decode("row_count")
    sha256 = try row.decode("sha256")
    task_id = try row.decode("task_id")
    definition = try row.decode("definition")
    is_applied = try row.decode("is_applied")
    warehouse = try row.decode("warehouse")
    lake_path = try row.decode("lake_path")
    report = LakePath.reports(beside: lake_path) + "/validation.html"
  }
}

extension PublicationLine.Place: PostgresDecodable {}
