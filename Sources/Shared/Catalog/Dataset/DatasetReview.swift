/// How people look over a dataset's rows one by one: which wait for them, and what they may put right. Decisions are kept
/// beside the published rows, and the view `<dataset>_reviewed` applies them.
package struct DatasetReview: Sendable, Equatable, Encodable {
  /// A column that a person may correct.
  package struct Correction: Sendable, Equatable, Encodable {
    package var column: String
    /// What it may become; nil for anything.
    package var values: [String]?
    /// A regular expression, of Postgres, that a new value matches.
    package var pattern: String?
    /// Another column, whose beginning it becomes where that one is corrected and this one is not: a county says in which
    /// state it is.
    package var beginning_of: String?
    /// How many letters of that.
    package var letters: Int?
  }

  /// The text column that names a row, the same in each publication.
  package var row: String
  /// The boolean column of the rows that wait for a person.
  package var waits: String
  /// A column between 0 and 1, by which others may be asked for.
  package var confidence: String?
  /// Columns that a list shows, in order.
  package var shows: [String]
  package var corrections: [Correction]

  /// What the view adds to the dataset's columns.
  package static let viewColumns = ["review", "review_reason", "reviewed_by", "reviewed_at"]
}
