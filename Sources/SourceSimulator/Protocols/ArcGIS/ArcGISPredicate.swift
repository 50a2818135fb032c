/// The `where` that fetchers use: comparisons and IN lists of one field and literals, joined by AND.
struct ArcGISPredicate: Sendable {
  private enum Condition: Sendable {
    case always(Bool)
    case comparison(field: String, Operator, String)
    case list(field: String, Set<String>)
  }

  private enum Operator: String, Sendable, CaseIterable {
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case unequal = "<>"
    case equal = "="
    case greater = ">"
    case less = "<"
  }

  private var conditions: [Condition] = []

  init(_ text: String) throws {
    for part in Self.split(text) { conditions.append(try Self.condition(part)) }
    guard !conditions.isEmpty else { throw Self.failure }
  }

  private static var failure: ArcGISError { ArcGISError("Failed to execute query.") }

  /// At each AND that is not inside quotes.
  private static func split(_ text: String) -> [Substring] {
    var parts: [Substring] = []
    var start = text.startIndex
    var index = start
    var isQuoted = false
    while index < text.endIndex {
      if text[index] == "'" { isQuoted.toggle() }
      if !isQuoted, text[index...].prefix(5).uppercased() == " AND " {
        parts.append(text[start..<index])
        index = text.index(index, offsetBy: 5)
        start = index
      } else {
        index = text.index(after: index)
      }
    }
    return parts + [text[start...]]
  }

  private static func condition(_ text: Substring) throws -> Condition {
    let list = /\s*(\w+)\s+[Ii][Nn]\s*\((.*)\)\s*/
    if let match = text.wholeMatch(of: list) {
      return .list(field: match.1.lowercased(), Set(try match.2.split(separator: ",").map(literal)))
    }
    let comparison = /\s*(\w+)\s*(>=|<=|<>|=|>|<)\s*('(?:[^']|'')*'|-?[\d.]+)\s*/
    guard let match = text.wholeMatch(of: comparison), let symbol = Operator(rawValue: String(match.2)) else {
      throw failure
    }
    let value = try literal(match.3)
    // 1=1, and 1=0 for nothing.
    if match.1.allSatisfy(\.isNumber) { return .always(holds(String(match.1), symbol, value)) }
    return .comparison(field: match.1.lowercased(), symbol, value)
  }

  private static func literal(_ text: Substring) throws -> String {
    let trimmed = text.trimmingPrefix(/\s+/)
    if trimmed.hasPrefix("'") {
      guard let match = trimmed.wholeMatch(of: /'((?:[^']|'')*)'\s*/) else { throw failure }
      return String(match.1.replacing("''", with: "'"))
    }
    guard let match = trimmed.wholeMatch(of: /(-?[\d.]+)\s*/) else { throw failure }
    return String(match.1)
  }

  private static func holds(_ left: String, _ symbol: Operator, _ right: String) -> Bool {
    if let left = Double(left), let right = Double(right) { return compare(left, symbol, right) }
    return compare(left, symbol, right)
  }

  private static func compare<V: Comparable>(_ left: V, _ symbol: Operator, _ right: V) -> Bool {
    switch symbol {
    case .equal: left == right
    case .unequal: left != right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .less: left < right
    case .lessOrEqual: left <= right
    }
  }

  /// - Parameter fields: by name in lower case.
  /// - Throws: for a field that the layer has not.
  func holds(_ fields: [String: JSONValue]) throws -> Bool {
    try conditions.allSatisfy { condition in
      switch condition {
      case .always(let answer): return answer
      case .comparison(let field, let symbol, let value):
        guard let found = fields[field] else { throw Self.failure }
        return found.scalarText.map { Self.holds($0, symbol, value) } ?? false
      case .list(let field, let values):
        guard let found = fields[field] else { throw Self.failure }
        return found.scalarText.map(values.contains) ?? false
      }
    }
  }
}
