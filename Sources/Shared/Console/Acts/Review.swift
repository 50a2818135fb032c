internal import Base
package import FoundationEssentials
package import Postgres

/// Rows that people look over, one by one, and what they decide.
package enum Review {
  /// A row that nobody has decided about.
  package struct Row: Encodable, Sendable {
    package var dataset: String
    /// Its name: the column that the dataset's review says.
    package var row: String
    package var data_year: Int
    /// Between 0 and 1; nil where rows do not say.
    package var confidence: Double?
    /// The columns that the dataset's review shows; those without a value are left out.
    package var shown: [String: String]
  }

  package struct Decision: Encodable, Sendable {
    package var decision_id: Int64
    package var decided_at: Date
    package var dataset: String
    package var row: String
    /// `accept`, `reject` or `correct`.
    package var decision: String
    package var decided_by: String
    package var reason: String
    /// What is shown instead, by column; nil for no value.
    package var changes: [String: String?]
  }

  /// Datasets whose rows are reviewed, with the columns that a list shows of each.
  package static func datasets(
    _ session: some PostgresSession
  ) async throws -> [(name: String, shows: [String])] {
    try await session.query(
      """
      SELECT d.name, ARRAY(SELECT jsonb_array_elements_text(d.review -> 'shows')) AS shows
      FROM catalog.dataset d WHERE d.review IS NOT NULL ORDER BY d.name
      """
    ).map { (try $0.decode("name"), try $0.decode("shows")) }
  }

  /// - Parameters:
  ///   - shows: the columns of the dataset's review.
  ///   - below: rows with less confidence than this; those that wait where it is nil.
  /// - Throws: `Refusal` where the dataset's rows are not reviewed.
  package static func undecided(
    _ dataset: String, shows: [String], year: Int?, below: Double?, _ session: some PostgresSession
  ) async throws -> [Row] {
    let rows = try await Refusal.translating {
      try await session.query(
        "SELECT row_id, year, confidence, to_jsonb(shown)::text AS shown FROM review.undecided($1, $2, $3)",
        [dataset, year, below])
    }
    return try rows.map { row in
      let values = try JSONDecoder().decode(
        [String?].self, from: Data(try row.decode("shown", as: String.self).utf8))
      return Row(
        dataset: dataset, row: try row.decode("row_id"), data_year: try row.decode("year"),
        confidence: try row.decode("confidence"),
        shown: zip(shows, values).reduce(into: [:]) { $0[$1.0] = $1.1 })
    }
  }

  /// Records a decision.
  ///
  /// - Parameters:
  ///   - row: a row's name, or so much of its beginning as tells it from others.
  ///   - changes: what is right, by column; nil for no value.
  /// - Returns: the whole name, and the decision's number.
  /// - Throws: `Refusal` with the database's own words for what it refuses.
  package static func decide(
    _ decision: String, _ dataset: String, _ row: String, reason: String, by name: String, changes: [String: String?],
    _ connection: PostgresConnection
  ) async throws -> (row: String, decisionID: Int64) {
    let json = String(decoding: try JSONEncoder().encode(changes), as: UTF8.self)
    let decided = try await Refusal.translating {
      try await connection.one(
        "SELECT review.find_row($1, $2) AS row_id, review.decide($1, $2, $3, $4, $5, $6::jsonb) AS decision_id",
        [dataset, row, decision, reason, name, json])
    }
    return (try decided.decode("row_id"), try decided.decode("decision_id"))
  }

  /// The newest first.
  ///
  /// - Parameter dataset: nil for all.
  package static func decisions(_ dataset: String?, _ session: some PostgresSession) async throws -> [Decision] {
    try await session.query(
      """
      SELECT decision_id, decided_at, dataset, row_id, decision, decided_by, reason, changes::text AS changes
      FROM review.decision WHERE $1::text IS NULL OR dataset = $1 ORDER BY decision_id DESC
      """, [dataset]
    ).map { row in
      Decision(
        decision_id: try row.decode("decision_id"), decided_at: try row.decode("decided_at"),
        dataset: try row.decode("dataset"), row: try row.decode("row_id"), decision: try row.decode("decision"),
        decided_by: try row.decode("decided_by"), reason: try row.decode("reason"),
        changes: try JSONDecoder().decode(
          [String: String?].self, from: Data(try row.decode("changes", as: String.self).utf8)))
    }
  }
}
