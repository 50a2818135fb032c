internal import Catalog

extension InputView {
  /// What a column of a document must say in every row.
  package struct Answer: Sendable, Equatable {
    package var column: String
    package var text: String
    package var isPattern: Bool

    package init(column: String, text: String, isPattern: Bool) {
      self.column = column
      self.text = text
      self.isPattern = isPattern
    }
  }

  /// Whether some document is held to what it was asked for.
  var holdsAnswers: Bool { documents.contains { !answers($0).isEmpty } }

  /// Columns that another year has, this one cannot be held to.
  private func answers(_ document: Document) -> [Answer] {
    guard let declared = request.columns(year: year) else { return [] }
    return document.answers.filter { declared.names.contains($0.column) }
  }

  /// The condition of a document's rows: true, or an error that names the document, what was due, and what is there. Asked
  /// as the rows go by, and so for nothing.
  func answerCondition(_ document: Document) -> String? {
    let conditions = answers(document).map { answer in
      let column = SQL.identifier(answer.column)
      let isDue = Self.isDue(answer, column)
      let due = answer.isPattern ? "match \(answer.text)" : "be \(answer.text)"
      let name = document.url.isEmpty ? request.name : document.url
      return """
        CASE WHEN coalesce(\(isDue), false) THEN true ELSE error(\
        \(SQL.literal("\(name) is not what was asked for: \(answer.column) should \(due), and is ")) \
        || coalesce(nullif(trim(\(column)), ''), 'empty')) END
        """
    }
    return conditions.isEmpty ? nil : conditions.joined(separator: " AND ")
  }

  /// Codes are the same with and without leading zeros, which spreadsheets take.
  private static func isDue(_ answer: Answer, _ column: String) -> String {
    let text = SQL.literal(answer.text)
    if answer.isPattern { return "regexp_full_match(trim(\(column)), \(text))" }
    guard !answer.text.isEmpty, answer.text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return "trim(\(column)) = \(text)"
    }
    return "(trim(\(column)) = \(text) OR ltrim(trim(\(column)), '0') = ltrim(\(text), '0') AND trim(\(column)) <> '')"
  }
}
