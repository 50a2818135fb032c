/// `answers`: what every row of an answer must say, so that an answer about something else is never taken for it: the file of
/// another area, of another year, counties for tracts.
package struct RequestAnswer: Sendable, Equatable {
  /// One that is declared, and is no pattern.
  package var column: String
  /// The text that is due, or an expression that it must match as a whole; with placeholders.
  package var text: String
  package var isPattern = false

  package init(column: String, text: String, isPattern: Bool = false) {
    self.column = column
    self.text = text
    self.isPattern = isPattern
  }
}

extension DatasetRequest {
  /// `{area_fips: region, qtr: {equals: A}, code: {matches: '\d{11}'}}`.
  func readAnswers(_ node: DefinitionNode) -> [RequestAnswer] {
    if node.entries.isEmpty { node.error("expected columns and what they must say, such as {area_fips: region}") }
    // Of variables that are asked for in groups, a document has many values: `verify` is for those.
    let known = Self.partitionPlaceholders + columnVariables
    return node.entries.compactMap { column, value in
      if !allColumns.contains(column) || isPattern(column) {
        value.error("'\(column)' is no declared column\(DatasetSpec.near(column, allColumns))")
        return nil
      }
      guard value.isMapping else {
        guard let name = value.text else { return nil }
        guard known.contains(name) || hasRowColumns else {
          value.error(
            "'\(name)' is neither a variable nor of the partition\(DatasetSpec.near(name, known)); for a text: {equals: \(name)}"
          )
          return nil
        }
        return RequestAnswer(column: column, text: "{\(name)}")
      }
      let fields = value.fields(known: ["equals", "matches"])
      guard fields.count == 1, let field = fields.first, let text = field.value.text else {
        value.error("expected one of equals and matches")
        return nil
      }
      let isPattern = field.key == "matches"
      for name in Placeholder.names(in: text) where !known.contains(name) && !hasRowColumns {
        field.value.error("nothing fills {\(name)}\(DatasetSpec.near(name, known))")
      }
      if isPattern, (try? Regex(Placeholder.fill(text) { _ in "0" })) == nil {
        field.value.error("'\(text)' is not a regular expression")
      }
      return RequestAnswer(column: column, text: text, isPattern: isPattern)
    }
  }
}
