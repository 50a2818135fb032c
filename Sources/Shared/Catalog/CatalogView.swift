/// A view over warehouse tables, from `catalog/views/<name>.sql`: comment lines that describe it, then one SELECT.
package struct CatalogView: Sendable, Equatable {
  package var name: String
  /// The comment lines before the SELECT, as one paragraph.
  package var description: String
  /// The rest.
  package var query: String

  package init(name: String, text: String) {
    self.name = name
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let comments = lines.prefix { $0.hasPrefix("--") }
    description = comments.map { $0.drop { $0 == "-" || $0 == " " } }.joined(separator: " ")
    query = lines[comments.endIndex...].joined(separator: "\n")
  }
}
