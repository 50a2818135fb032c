package import Base
package import FoundationEssentials
package import Lineage
internal import Postgres

/// What a story's task published.
package struct StoryPublication: Encodable, Sendable {
  package var publication_id: Int64
  package var outcome: PublicationRecord.Outcome
  /// The vintage that the warehouse shows.
  package var shown_as_of: String?
  package var row_count: Int
  package var byte_count: Int64
  package var lake_path: String
  package var is_synthetic: Bool
  /// How long each step took, in order, in seconds.
  package var steps: [Step]

  package struct Step: Encodable, Sendable {
    package var step: String
    package var seconds: Double
  }

  static let sql = """
    SELECT p.publication_id, p.outcome, w.as_of AS shown_as_of, p.row_count, p.byte_count, p.lake_path, p.is_synthetic,
      ARRAY(SELECT s.key FROM jsonb_each_text(p.steps) s ORDER BY array_position(o.names, s.key)) AS step_names,
      ARRAY(SELECT s.value::float8 FROM jsonb_each_text(p.steps) s ORDER BY array_position(o.names, s.key)) AS step_seconds
    FROM lineage.publication p
      LEFT JOIN warehouse.partition w USING (dataset, data_year, region)
      CROSS JOIN (VALUES (ARRAY['fetch', 'prepare', 'build', 'examine', 'load', 'publish', 'place'])) AS o (names)
    WHERE p.task_id = $1 ORDER BY p.publication_id DESC LIMIT 1
    """

  init(_ row: PostgresRow) throws {
    publication_id = try row.decode("publication_id")
    outcome = try row.decode("outcome")
    shown_as_of = try row.text("shown_as_of")
    row_count = try row.decode("row_count")
    byte_count = try row.decode("byte_count")
    lake_path = try row.decode("lake_path")
    is_synthetic = try row.decode("is_synthetic")
    steps = zip(try row.decode("step_names", as: [String].self), try row.decode("step_seconds", as: [Double].self))
      .map { Step(step: $0, seconds: $1) }
  }
}

/// What a publication was made from: a document, or the publication of another dataset.
package struct StoryInput: Encodable, Sendable {
  package var request_name: String?
  package var source_id: String?
  package var url: String?
  package var byte_count: Int64?
  package var cache_hit: Bool?
  package var note: String?
  package var fetched_at: Date?
  package var upstream_dataset: String?
  package var upstream_publication: Int64?

  static let sql = """
    SELECT i.request_name, i.source_id, i.url, i.byte_count, i.cache_hit, i.note, i.fetched_at,
      u.dataset AS upstream_dataset, u.publication_id AS upstream_publication
    FROM lineage.input i LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id
    WHERE i.publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE task_id = $1) ORDER BY i.ordinal
    """

  init(_ row: PostgresRow) throws {
    request_name = try row.text("request_name")
    source_id = try row.text("source_id")
    url = try row.text("url")
    byte_count = try row.decode("byte_count")
    cache_hit = try row.decode("cache_hit")
    note = try row.text("note")
    fetched_at = try row.decode("fetched_at")
    upstream_dataset = try row.text("upstream_dataset")
    upstream_publication = try row.decode("upstream_publication")
  }
}

/// A check that did not pass.
package struct StoryCheck: Encodable, Sendable {
  package var check_name: String
  package var column_name: String?
  package var severity: String
  package var message: String?
  package var arguments: JSONValue
  /// What it was told besides the columns: `min_value 0, mostly 0.95`.
  package var expected: String?
  /// Of the values or rows that it is about, how many are not as expected.
  package var percent: String?
  /// The first rows that it does not like.
  package var examples: [JSONValue]

  static let sql = """
    SELECT c.check_name, c.column_name, c.severity, c.message, coalesce(c.arguments, '{}')::text AS arguments,
      quality.expected(c.arguments) AS expected,
      round(100.0 * c.unexpected_count / nullif(c.element_count, 0), 2)::text AS percent,
      ARRAY(SELECT e::text FROM jsonb_array_elements(coalesce(c.examples, '[]')) e) AS examples
    FROM quality.check_result c WHERE NOT c.success AND c.validation_id = (
      SELECT v.validation_id FROM quality.validation v WHERE v.task_id = $1 ORDER BY v.validation_id DESC LIMIT 1)
    ORDER BY c.severity, c.ordinal
    """

  init(_ row: PostgresRow) throws {
    check_name = try row.decode("check_name")
    column_name = try row.text("column_name")
    severity = try row.decode("severity")
    message = try row.text("message")
    arguments = JSONValue(parsing: try row.decode("arguments"))
    expected = try row.text("expected")
    percent = try row.text("percent")
    examples = try row.decode("examples", as: [String].self).map(JSONValue.init(parsing:))
  }
}
