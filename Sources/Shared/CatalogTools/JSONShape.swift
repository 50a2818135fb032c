internal import Catalog

/// What DuckDB's `json_structure` says of a document: members in their order, lists by what their elements have in common.
/// Read as YAML, of which JSON is a part, since that keeps the order.
indirect enum JSONShape {
  case list(JSONShape?)
  case object([(name: String, value: JSONShape)])
  case scalar

  init(_ node: YAMLNode) {
    if let elements = try? node.list() {
      self = .list(elements.first.map(JSONShape.init))
    } else if let object = try? node.mapping() {
      self = .object(object.entries.map { ($0.key, JSONShape($0.value)) })
    } else {
      self = .scalar
    }
  }

  var members: [(name: String, value: JSONShape)] { if case .object(let members) = self { members } else { [] } }

  /// A member of it, or of its elements.
  func member(_ name: String) -> JSONShape? {
    if case .list(let element) = self { return element?.member(name) }
    return members.first { $0.name == name }?.value
  }

  /// Deeper than this, nobody keeps the rows of a table.
  private static let mostDepth = 4

  /// Where the widest list of objects is, as `json_path` says it, and the names that they have.
  func rows(path: [String]) -> (path: String, names: [String])? {
    guard path.count <= Self.mostDepth else { return nil }
    let found = members.compactMap { name, value -> (path: String, names: [String])? in
      let here = path + [name]
      switch value {
      case .list(.some(.object(let fields))):
        // ArcGIS: each row's figures are in a member of their own.
        if fields.count <= 2, let inner = fields.first(where: { $0.name == "attributes" }), !inner.value.members.isEmpty
        {
          return (here.joined(separator: ".") + "[*].attributes", inner.value.members.map(\.name))
        }
        return (here.joined(separator: "."), fields.map(\.name))
      case .object: return value.rows(path: here)
      default: return nil
      }
    }
    return found.max { $0.names.count < $1.names.count }
  }
}
