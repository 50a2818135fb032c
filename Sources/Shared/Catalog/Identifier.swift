/// A name from a catalog that will be part of SQL or a path: lower case letters, digits and underscores, beginning with a
/// letter, 63 bytes at most (Postgres' limit). Nothing else ever gets there.
package struct Identifier: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  /// Nil for anything else.
  package init?(_ text: String) {
    guard text.wholeMatch(of: /[a-z][a-z0-9_]{0,62}/) != nil else { return nil }
    self.text = text
  }

  package var description: String { text }
}

extension YAMLNode {
  /// - Throws: `YAMLError` that says what an identifier is.
  package func identifier() throws -> String {
    let text = try string()
    guard let identifier = Identifier(text) else {
      throw error(
        "'\(text)' cannot be a name here: use lower case letters, digits and underscores, a letter first, at most 63")
    }
    return identifier.text
  }
}
