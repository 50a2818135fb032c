/// A word, text or sign of SQL, as far as casts are to be found in it. Comments and space are none.
struct SQLToken: Equatable {
  enum Kind: Equatable {
    /// In lower case, without quotes about it.
    case word(String)
    /// "a name", of which nothing is a keyword.
    case name
    case text
    case number
    case symbol(String)
  }

  var kind: Kind
  /// Offsets in scalars.
  var start: Int
  var end: Int

  func isWord(_ word: String) -> Bool { kind == .word(word) }
  func isSymbol(_ symbol: String) -> Bool { kind == .symbol(symbol) }
  var isOpening: Bool { isSymbol("(") || isSymbol("[") || isSymbol("{") }
  var isClosing: Bool { isSymbol(")") || isSymbol("]") || isSymbol("}") }

  static func read(_ text: String) -> [SQLToken] {
    var reader = Reader(scalars: Array(text.unicodeScalars))
    var tokens: [SQLToken] = []
    while let token = reader.next() { tokens.append(token) }
    return tokens
  }

  /// The token that closes the one at `opening`.
  static func closing(_ tokens: [SQLToken], _ opening: Int) -> Int? {
    var depth = 0
    for index in opening..<tokens.count {
      if tokens[index].isOpening { depth += 1 } else if tokens[index].isClosing { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  private static func opening(_ tokens: [SQLToken], _ closing: Int) -> Int? {
    var depth = 0
    for index in stride(from: closing, through: 0, by: -1) {
      if tokens[index].isClosing { depth += 1 } else if tokens[index].isOpening { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  /// Words after which an operand begins anew: `SELECT (a)::INTEGER` is no call of select.
  private static let keywords: Set<String> = [
    "select", "distinct", "where", "and", "or", "not", "when", "then", "else", "in", "on", "having", "by", "from", "as",
    "between", "like", "is", "case", "qualify", "union", "all", "limit", "filter", "over", "values", "using", "set",
  ]

  /// Where the operand of a postfix operator begins: a name, a call, a text, something in brackets, or a chain of them. Nil for
  /// what is none, such as `… END :: INTEGER`.
  static func operandStart(_ tokens: [SQLToken], before index: Int) -> Int? {
    var place = index - 1
    while place >= 0 {
      let token = tokens[place]
      if token.isClosing {
        guard let open = opening(tokens, place) else { return nil }
        place = open
        // A call, or an element of something.
        if place > 0, !token.isSymbol("}"), tokens[place - 1].isOperandEnd {
          place -= 1
          continue
        }
      } else if case .word(let word) = token.kind {
        if word == "end" || keywords.contains(word) { return nil }
      } else if case .symbol = token.kind {
        return nil
      }
      if place > 1, tokens[place - 1].isSymbol(".") || tokens[place - 1].isSymbol("::") {
        place -= 2
        continue
      }
      return place
    }
    return nil
  }

  private var isOperandEnd: Bool {
    switch kind {
    case .word(let word): !Self.keywords.contains(word)
    case .name: true
    case .symbol: isSymbol(")") || isSymbol("]")
    case .text, .number: false
    }
  }

  private struct Reader {
    let scalars: [Unicode.Scalar]
    var place = 0

    mutating func next() -> SQLToken? {
      skipSpace()
      guard place < scalars.count else { return nil }
      let start = place
      let kind = kind()
      return SQLToken(kind: kind, start: start, end: place)
    }

    private func has(_ text: String, at place: Int) -> Bool {
      var index = place
      for scalar in text.unicodeScalars {
        guard index < scalars.count, scalars[index] == scalar else { return false }
        index += 1
      }
      return true
    }

    private mutating func skipSpace() {
      while place < scalars.count {
        if has("--", at: place) {
          while place < scalars.count, scalars[place] != "\n" { place += 1 }
        } else if has("/*", at: place) {
          place += 2
          while place < scalars.count, !has("*/", at: place) { place += 1 }
          place = min(place + 2, scalars.count)
        } else if scalars[place].properties.isWhitespace {
          place += 1
        } else {
          return
        }
      }
    }

    private mutating func kind() -> Kind {
      let scalar = scalars[place]
      if scalar == "'" || scalar == "\"" {
        skipQuoted(scalar, escapes: false)
        return scalar == "'" ? .text : .name
      }
      if scalar == "e" || scalar == "E", place + 1 < scalars.count, scalars[place + 1] == "'" {
        place += 1
        skipQuoted("'", escapes: true)
        return .text
      }
      if scalar == "$", skipDollars() { return .text }
      if scalar.properties.isAlphabetic || scalar == "_" {
        let start = place
        while place < scalars.count, isWordScalar(scalars[place]) { place += 1 }
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[start..<place])
        return .word(String(word).lowercased())
      }
      if ("0"..."9").contains(scalar) {
        while place < scalars.count, isWordScalar(scalars[place]) || scalars[place] == "." { place += 1 }
        return .number
      }
      place += 1
      if scalar == ":", place < scalars.count, scalars[place] == ":" {
        place += 1
        return .symbol("::")
      }
      return .symbol(String(Character(scalar)))
    }

    private func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "$"
    }

    private mutating func skipQuoted(_ quote: Unicode.Scalar, escapes: Bool) {
      place += 1
      while place < scalars.count {
        if escapes, scalars[place] == "\\" {
          place += 2
        } else if scalars[place] != quote {
          place += 1
        } else if place + 1 < scalars.count, scalars[place + 1] == quote {
          place += 2
        } else {
          place += 1
          return
        }
      }
      place = min(place, scalars.count)
    }

    /// `$$…$$` and `$tag$…$tag$`.
    private mutating func skipDollars() -> Bool {
      var end = place + 1
      while end < scalars.count, isWordScalar(scalars[end]), scalars[end] != "$" { end += 1 }
      guard end < scalars.count, scalars[end] == "$" else { return false }
      var tag = String.UnicodeScalarView()
      tag.append(contentsOf: scalars[place...end])
      place = end + 1
      while place < scalars.count, !has(String(tag), at: place) { place += 1 }
      place = min(place + tag.count, scalars.count)
      return true
    }
  }
}
