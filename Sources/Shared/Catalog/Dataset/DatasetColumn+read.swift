extension DatasetColumn {
  /// Names that every warehouse table has by itself.
  private static let reserved = ["data_year", "region", "as_of"]

  static func read(_ node: DefinitionNode) -> DatasetColumn? {
    let fields = node.fields(known: ["name", "type", "unit", "description", "from"])
    guard let nameNode = fields["name"], let name = DatasetSpec.identifier(nameNode) else {
      if fields["name"] == nil { node.error("a column needs a name") }
      return nil
    }
    if reserved.contains(name) {
      nameNode.error("'\(name)' is a column of every table already, and set by itself")
      return nil
    }
    guard let typeNode = fields["type"], let typeName = typeNode.text else {
      node.error("column '\(name)' needs a type")
      return nil
    }
    guard let type = ColumnType(typeName) else {
      typeNode.error("'\(typeName)' is not a type; there are \(ColumnType.names)")
      return nil
    }
    if (fields["description"]?.text ?? "").isEmpty { node.warning("column '\(name)' has no description") }
    return DatasetColumn(
      name: name, type: type, unit: fields["unit"]?.text, description: fields["description"]?.text ?? "",
      sources: fields["from"]?.texts ?? [])
  }
}
