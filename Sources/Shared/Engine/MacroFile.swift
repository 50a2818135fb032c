/// A file of macros that somebody else wrote, looked at before DuckDB sees it: it creates macros, and does nothing else.
///
/// DuckDB's parser has no function that tells what a statement other than SELECT is. So this reads the text as its
/// scanner does, as far as statements go: quotes, dollar quotes and comments. Should the two ever differ, the process
/// that runs the file is locked and confined as for any other text.
struct MacroFile {
  private var rest: Substring.UnicodeScalarView
  private var line = 1

  /// What in `sql` is no macro; nil where all of it is.
  static func problem(in sql: String) -> (line: Int, message: String)? {
    if let zero = sql.unicodeScalars.firstIndex(of: "\0") {
      let line = sql.unicodeScalars[..<zero].reduce(1) { $1 == "\n" ? $0 + 1 : $0 }
      return (line, "there is a NUL character")
    }
    var file = MacroFile(rest: Substring(sql).unicodeScalars)
    while let statement = file.nextStatement() {
      if !isMacro(statement.words) {
        return (statement.line, "a file of macros has CREATE MACRO statements, and this is another")
      }
    }
    return nil
  }

  private static func isMacro(_ words: [String]) -> Bool {
    var words = words[...]
    guard words.popFirst() == "CREATE" else { return false }
    if words.prefix(2) == ["OR", "REPLACE"] { words = words.dropFirst(2) }
    if words.first == "TEMP" || words.first == "TEMPORARY" { words = words.dropFirst() }
    return words.first == "MACRO" || words.first == "FUNCTION"
  }

  /// Each statement by itself, at the line and column where it stands in `sql`: of several in one text, DuckDB's program
  /// tells no place of an error.
  static func statements(in sql: String) -> [String] {
    let text = sql.unicodeScalars
    var file = MacroFile(rest: Substring(sql).unicodeScalars)
    var statements: [String] = []
    while let statement = file.nextStatement() {
      let lineStart = text[..<statement.start].lastIndex(of: "\n").map { text.index(after: $0) } ?? text.startIndex
      let indent = text.distance(from: lineStart, to: statement.start)
      statements.append(
        String(repeating: "\n", count: statement.line - 1) + String(repeating: " ", count: indent)
          + String(text[statement.start..<file.rest.startIndex]))
    }
    return statements
  }

  /// The first words of a statement, in capitals, and where its first one stands; nil at the end of the text.
  private mutating func nextStatement() -> (line: Int, start: String.Index, words: [String])? {
    var words: [String] = []
    var start: (line: Int, index: String.Index)?
    while let next = rest.first {
      if next == ";" {
        advance(1)
        if let start { return (start.line, start.index, words) }
      } else if rest.starts(with: "--".unicodeScalars) {
        while let scalar = rest.first, scalar != "\n" { _ = scalar; advance(1) }
      } else if rest.starts(with: "/*".unicodeScalars) {
        skipComment()
      } else if next.properties.isWhitespace {
        advance(1)
      } else {
        start = start ?? (line, rest.startIndex)
        let word = nextToken()
        if words.count < Self.wordsThatDecide { words.append(word) }
      }
    }
    return start.map { ($0.line, $0.index, words) }
  }

  /// CREATE OR REPLACE TEMP MACRO
  private static let wordsThatDecide = 5

  /// One word, quoted text or other character.
  private mutating func nextToken() -> String {
    let word = String(String.UnicodeScalarView(rest.prefix { Self.isOfWords($0) }))
    if !word.isEmpty {
      advance(word.unicodeScalars.count)
      // E'…' has escapes; what else stands before a quote (X, U&) changes nothing about where it ends.
      if rest.first == "'", word.uppercased() == "E" { skipQuoted("'", escaping: true) }
      return word.uppercased()
    }
    switch rest.first {
    case "'": skipQuoted("'", escaping: false)
    case "\"": skipQuoted("\"", escaping: false)
    case "$": skipDollarQuoted()
    default: advance(1)
    }
    return ""
  }

  private static func isOfWords(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.value >= 0x80 || ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar)
      || ("A"..."Z").contains(scalar)
  }

  private mutating func skipQuoted(_ quote: Unicode.Scalar, escaping: Bool) {
    advance(1)
    while let scalar = rest.first {
      if escaping && scalar == "\\" {
        advance(2)
      } else if scalar == quote {
        advance(1)
        // Doubled, it is part of the text.
        if rest.first != quote { return }
        advance(1)
      } else {
        advance(1)
      }
    }
  }

  /// `$tag$ … $tag$`, or a lone dollar.
  private mutating func skipDollarQuoted() {
    let name = rest.dropFirst().prefix { Self.isOfWords($0) }
    let tag = Array("$".unicodeScalars) + Array(name) + Array("$".unicodeScalars)
    guard rest.starts(with: tag), !(name.first.map { ("0"..."9").contains($0) } ?? false) else { return advance(1) }
    advance(tag.count)
    while !rest.isEmpty && !rest.starts(with: tag) { advance(1) }
    advance(tag.count)
  }

  /// They nest.
  private mutating func skipComment() {
    var depth = 0
    repeat {
      if rest.starts(with: "/*".unicodeScalars) {
        depth += 1
        advance(2)
      } else if rest.starts(with: "*/".unicodeScalars) {
        depth -= 1
        advance(2)
      } else {
        advance(1)
      }
    } while depth > 0 && !rest.isEmpty
  }

  private mutating func advance(_ count: Int) {
    for _ in 0..<count {
      guard let scalar = rest.popFirst() else { return }
      if scalar == "\n" { line += 1 }
    }
  }
}
