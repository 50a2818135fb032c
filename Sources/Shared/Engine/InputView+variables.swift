package import Catalog

extension InputView {
  /// A prepared file, and what the request's variables were when it was asked for.
  package struct Document: Sendable, Equatable {
    package var file: String
    package var values: [String: String]
    /// Of delimited text: without one it cannot be read.
    package var layout: DelimitedLayout?
    /// Where it came from, for errors.
    package var url: String
    package var answers: [Answer]

    package init(
      file: String, values: [String: String] = [:], layout: DelimitedLayout? = nil, url: String = "",
      answers: [Answer] = []
    ) {
      self.file = file
      self.values = values
      self.layout = layout
      self.url = url
      self.answers = answers
    }
  }

  /// The view of a request with variables: a part per document, with its values as further text columns. One file may
  /// answer several documents, and then its rows are there once for each.
  ///
  /// - Parameter variables: names of the columns that every document has.
  func viewSQL(variables: [String]) -> String {
    var parts = documents.map { document in
      let part = InputView(request: request, documents: [document], year: year)
      // Columns of selected rows come besides; what is NULL is not among the values.
      let names = variables + document.values.keys.filter { !variables.contains($0) }.sorted()
      let values = names.map { "\(SQL.literal(document.values[$0])) AS \(SQL.identifier($0))" }
      let condition = answerCondition(document).map { " WHERE \($0)" } ?? ""
      return "SELECT \((["*"] + values).joined(separator: ", ")) FROM (\(part.selectSQL))\(condition)"
    }
    if parts.isEmpty || request.hasRowColumns { parts.append(emptySQL(variables)) }
    return "CREATE VIEW raw.\(SQL.identifier(request.name)) AS \(parts.joined(separator: " UNION ALL BY NAME "));"
  }

  /// All columns of the view, and no row.
  private func emptySQL(_ variables: [String]) -> String {
    let none = InputView(request: request, files: [], year: year)
    let values = variables.map { "CAST(NULL AS VARCHAR) AS \(SQL.identifier($0))" }
    var sql = "SELECT \((["*"] + values).joined(separator: ", ")) FROM (\(none.selectSQL))"
    if request.hasRowColumns, let rowsSQL {
      // query() takes one SELECT, and nothing else.
      sql += ", (SELECT CAST(COLUMNS(*) AS VARCHAR) FROM query(\(SQL.literal(rowsSQL))) LIMIT 0)"
    }
    return sql
  }
}
