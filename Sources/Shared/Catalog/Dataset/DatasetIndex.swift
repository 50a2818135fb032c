/// An index of the warehouse table that a definition asks for: what many look by, or the few rows that all look for.
package struct DatasetIndex: Sendable, Equatable, Encodable {
  package var columns: [String]
  /// Only rows that have these values, by column, are in it; empty for all.
  package var `where`: [String: String]

  package init(columns: [String], where values: [String: String] = [:]) {
    self.columns = columns
    self.where = values
  }

  static func read(_ node: DefinitionNode, columns: [DatasetColumn], isSplit: Bool) -> DatasetIndex? {
    let fields = node.fields(known: ["columns", "where"])
    /// Columns that every table has besides the declared ones.
    let names = columns.map(\.name) + ["data_year", "as_of"] + (isSplit ? ["region"] : [])
    func requireDeclared(_ name: String, _ place: DefinitionNode) {
      if !names.contains(name) {
        place.error("column '\(name)' is not declared\(DatasetSpec.near(name, names))")
      } else if columns.contains(where: { $0.name == name && $0.type == .geometry }) {
        place.error("a geometry cannot be part of an index")
      }
    }
    var index = DatasetIndex(columns: [])
    for place in fields["columns"]?.elements ?? [] {
      guard let name = place.text else { continue }
      requireDeclared(name, place)
      index.columns.append(name)
    }
    for (name, value) in fields["where"]?.entries ?? [] {
      requireDeclared(name, value)
      index.where[name] = value.text
    }
    guard !index.columns.isEmpty else {
      node.error("an index needs columns")
      return nil
    }
    return index
  }
}
