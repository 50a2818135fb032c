/// SQL text out of values, quoted so that nothing in them is read as SQL.
package enum SQL {
  /// On one line, whatever the text is: a line of it must never be one of the script that it becomes part of.
  package static func literal(_ text: String) -> String {
    let text = text.contains("\0") ? text.replacing("\0", with: "\u{FFFD}") : text
    guard text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return "'" + doubled(text, "'") + "'" }
    var escaped = "E'"
    escaped.reserveCapacity(text.utf8.count + 8)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      case "\\": escaped += "\\\\"
      case "'": escaped += "''"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped + "'"
  }

  package static func literal(_ text: String?) -> String {
    text.map { literal($0) } ?? "NULL"
  }

  /// A name cannot be written on one line that has a line break in it: such a character is shown as one that is not
  /// there, and DuckDB says that there is no column of that name.
  package static func identifier(_ name: String) -> String {
    "\"" + doubled(isOfOneLine(name) ? name : visible(name), "\"") + "\""
  }

  /// Whether `identifier` gives the name as it is.
  static func isOfOneLine(_ name: String) -> Bool { !name.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 } }

  private static func visible(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { "\n\r\0".unicodeScalars.contains($0) ? "\u{FFFD}" : $0 }))
  }

  package static func list(_ values: [String]) -> String {
    "[" + values.map { literal($0) }.joined(separator: ", ") + "]"
  }

  private static func doubled(_ text: String, _ quote: Unicode.Scalar) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    // By scalars: a quote with an accent on it is one character, and still a quote to DuckDB.
    for scalar in text.unicodeScalars {
      if scalar == quote { result.unicodeScalars.append(quote) }
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}
