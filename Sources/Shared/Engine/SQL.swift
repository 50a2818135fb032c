/// SQL text out of values, quoted so that nothing in them is read as SQL.
package enum SQL {
  package static func literal(_ text: String) -> String {
    "'" + doubled(text, "'") + "'"
  }

  package static func literal(_ text: String?) -> String {
    text.map { literal($0) } ?? "NULL"
  }

  package static func identifier(_ name: String) -> String {
    "\"" + doubled(name, "\"") + "\""
  }

  package static func list(_ values: [String]) -> String {
    "[" + values.map { literal($0) }.joined(separator: ", ") + "]"
  }

  private static func doubled(_ text: String, _ quote: Character) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for character in text {
      if character == quote { result.append(quote) }
      result.append(character)
    }
    return result
  }
}
