internal import Base
internal import HTTPTypes

/// What a form or an address said, in its order.
struct Fields: Sendable {
  private(set) var items: [(name: String, value: String)]

  /// - Parameter form: as browsers send it, in an address or a body: `a=1&b=x+y`.
  init(form: String) {
    func decoded(_ text: Substring) -> String {
      PercentEncoding.decoded(String(text.map { $0 == "+" ? " " : $0 }))
    }
    items = form.split(separator: "&").map { item in
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (name: decoded(parts[0]), value: parts.count > 1 ? decoded(parts[1]) : "")
    }
  }

  /// Nil where it is empty, too: a field that nobody filled in says nothing.
  subscript(name: String) -> String? {
    items.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

  func has(_ name: String) -> Bool { self[name] != nil }

  /// Those that are an operation's parameters, as its query.
  func query(_ names: String...) -> [(name: String, value: String)] {
    names.compactMap { name in self[name].map { (name: name, value: $0) } }
  }

  func json(_ names: String...) -> [String: JSONValue] {
    names.reduce(into: [:]) { made, name in
      if let value = self[name] { made[name] = .string(value) }
    }
  }

  /// - Throws: `Problem` for one that is no number.
  func number(_ name: String) throws -> JSONValue? {
    guard let text = self[name] else { return nil }
    guard let number = Int64(text) else {
      throw Problem(.unprocessableContent, "'\(name)' is to be a whole number, not '\(OutsideText.line(text))'")
    }
    return .integer(number)
  }
}
