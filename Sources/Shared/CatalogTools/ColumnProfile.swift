internal import Catalog

/// What the values of one column of a document are, and what can be said of them from now on.
struct ColumnProfile: Decodable, Sendable {
  var rows: Int
  /// With something in them.
  var filled: Int
  /// With nothing but blanks in them.
  var blank: Int
  var distinct: Int
  var integers: Int
  var numbers: Int
  /// Such as `$1,234.50`.
  var amounts: Int
  var dates: Int
  var timestamps: Int
  var booleans: Int
  /// Digits that begin with a zero: codes, and no numbers.
  var padded: Int
  var digits: Int
  var least: Double?
  var shortest: Int?
  var longest: Int?
  var values: [String]?

  var isFull: Bool { filled == rows && rows > 0 }
  var isUnique: Bool { isFull && distinct == rows }
  /// Digits, all of one length: `24031`.
  var codeLength: Int? {
    guard filled > 0, digits == filled, shortest == longest, padded > 0 else { return nil }
    return longest
  }

  /// Names that tell of a code where the digits alone would look like a number.
  private static func isCodeName(_ name: String) -> Bool {
    name.contains(/(^|_)(fips|geoid|geo_id|zip|zipcode|zcta|code|id|cbsa|naics|ein|phone)$/)
  }

  func isCode(_ name: String) -> Bool { filled > 0 && (padded > 0 && digits == filled || Self.isCodeName(name)) }

  func type(_ name: String) -> ColumnType {
    if name == InputFormat.geometryColumn { return .geometry }
    guard filled > 0 else { return .text }
    if booleans == filled { return .boolean }
    if dates == filled { return .date }
    if timestamps == filled { return .timestamp }
    if padded > 0 || Self.isCodeName(name) { return .text }
    if integers == filled { return .bigint }
    return numbers == filled || amounts == filled ? .double : .text
  }

  /// The column of the transform, from the one of the document.
  func expression(_ source: String, _ name: String) -> String {
    let column = blank > 0 ? "nullif(trim(\(source)), '')" : source
    switch type(name) {
    case .bigint: return "as_integer(\(column))"
    case .double: return numbers == filled ? "as_number(\(column))" : "as_money(\(column))"
    case .boolean: return "CAST(\(column) AS BOOLEAN)"
    case .date: return "CAST(\(column) AS DATE)"
    case .timestamp: return "CAST(\(column) AS TIMESTAMPTZ)"
    case .geometry: return "ST_GeomFromText(\(column))"
    default: return column
    }
  }

  /// Of a value set, at least so many rows must stand behind each value: two rows with two values choose from nothing.
  private static let leastRowsPerValue = 5

  /// As lines of `checks:`; those that may well change next year only warn.
  func checks(_ name: String, isKey: Bool) -> [String] {
    let quoted = DocumentAddress.quoted
    var lines: [String] = []
    let isNumber = type(name).isNumber
    if isFull, isKey || isNumber { lines.append("expect_column_values_to_not_be_null: {column: \(name)}") }
    if isNumber, let least, least >= 0 {
      lines.append("expect_column_values_to_be_between: {column: \(name), min_value: 0}")
    }
    if let codeLength {
      lines.append("expect_column_values_to_match_regex: {column: \(name), regex: '^[0-9]{\(codeLength)}$'}")
    } else if type(name) == .text, !isKey, let values, values.count > 1, filled >= values.count * Self.leastRowsPerValue
    {
      let set = values.map(quoted).joined(separator: ", ")
      lines.append("expect_column_values_to_be_in_set: {column: \(name), value_set: [\(set)], severity: warn}")
    }
    return lines
  }
}
