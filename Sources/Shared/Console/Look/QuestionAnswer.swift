/// What was answered to a question in SQL: values as Postgres writes them.
package struct QuestionAnswer: Sendable {
  package struct Column: Encodable, Sendable {
    package var name: String
    /// As Postgres calls it, such as `numeric(12,2)`.
    package var type: String

    package init(name: String, type: String) {
      (self.name, self.type) = (name, type)
    }
  }

  /// Why there are more rows than are told.
  package enum Cut: String, Sendable {
    /// As many as were wanted are told.
    case rows
    /// As many bytes as fit into an answer are told.
    case bytes
  }

  package var columns: [Column]
  /// NULL is nil.
  package var rows: [[String?]]
  package var cut: Cut?
  package var seconds: Double

  package init(columns: [Column], rows: [[String?]], cut: Cut?, seconds: Double) {
    (self.columns, self.rows, self.cut, self.seconds) = (columns, rows, cut, seconds)
  }
}
