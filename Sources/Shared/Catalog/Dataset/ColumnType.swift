/// What a column of a published table may hold: a short list, that DuckDB, Parquet and Postgres agree on.
package enum ColumnType: Sendable, Equatable, CustomStringConvertible {
  case text, integer, bigint, double, boolean, date, timestamp
  case decimal(precision: Int, scale: Int)
  /// Any geometry in EPSG:4326.
  case geometry

  package static let names = "text, integer, bigint, double, decimal(p,s), boolean, date, timestamp, geometry"

  package init?(_ name: String) {
    switch name {
    case "text": self = .text
    case "integer": self = .integer
    case "bigint": self = .bigint
    case "double": self = .double
    case "boolean": self = .boolean
    case "date": self = .date
    case "timestamp": self = .timestamp
    case "geometry": self = .geometry
    default:
      guard name.hasPrefix("decimal("), name.hasSuffix(")") else { return nil }
      let numbers = name.dropFirst("decimal(".count).dropLast().split(separator: ",", omittingEmptySubsequences: false)
      guard numbers.count == 2, let precision = Int(numbers[0]), let scale = Int(numbers[1]),
        // 38: what DuckDB and Parquet can hold.
        (1...38).contains(precision), (0...precision).contains(scale), name == "decimal(\(precision),\(scale))"
      else { return nil }
      self = .decimal(precision: precision, scale: scale)
    }
  }

  package var description: String {
    switch self {
    case .text: "text"
    case .integer: "integer"
    case .bigint: "bigint"
    case .double: "double"
    case .boolean: "boolean"
    case .date: "date"
    case .timestamp: "timestamp"
    case .geometry: "geometry"
    case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
    }
  }

  /// As DuckDB writes it.
  package var duckdbName: String {
    switch self {
    case .text: "VARCHAR"
    case .timestamp: "TIMESTAMP WITH TIME ZONE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
    default: description.uppercased()
    }
  }

  /// As Postgres' `format_type` writes it.
  package var postgresName: String {
    switch self {
    case .double: "double precision"
    case .timestamp: "timestamp with time zone"
    case .decimal(let precision, let scale): "numeric(\(precision),\(scale))"
    case .geometry: "geometry(Geometry,4326)"
    default: description
    }
  }

  package var isNumber: Bool {
    switch self {
    case .integer, .bigint, .double, .decimal: true
    default: false
    }
  }
}
