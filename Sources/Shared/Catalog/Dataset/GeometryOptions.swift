/// What the shapes of an input are declared to be. All are read as two-dimensional ones in EPSG:4326, longitude first.
package struct GeometryOptions: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case point, line, polygon

    /// As DuckDB names them.
    package var typeNames: [String] {
      switch self {
      case .point: ["POINT", "MULTIPOINT"]
      case .line: ["LINESTRING", "MULTILINESTRING"]
      case .polygon: ["POLYGON", "MULTIPOLYGON"]
      }
    }
  }

  /// Another kind stops the partition; nil for any.
  package var kind: Kind?
  /// 2: a third coordinate stops the partition. 3: it is expected, and left out. Nil: left out, and warned of.
  package var dimensions: Int?
  /// The reference system of the coordinates, `EPSG:3857`, in place of what the document says of itself.
  package var crs: String?

  package init() {}

  static func read(_ node: DefinitionNode) -> GeometryOptions {
    var options = GeometryOptions()
    let fields = node.fields(known: ["kind", "dimensions", "crs"])
    if let field = fields["kind"], let text = field.text {
      options.kind = Kind(rawValue: text)
      if options.kind == nil {
        field.error("'\(text)' is not one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
    }
    if let field = fields["dimensions"] {
      if let number = field.int, (2...3).contains(number) {
        options.dimensions = number
      } else {
        field.error("dimensions are 2 or 3")
      }
    }
    if let field = fields["crs"], let text = field.text {
      if text.wholeMatch(of: /(EPSG|ESRI):\d+/) == nil {
        field.error("a reference system is written as EPSG:3857")
      } else {
        options.crs = text
      }
    }
    return options
  }
}
