/// A dataset's SQL with each cast to a number or a date made strict: the text between CAST( and AS, or before ::, is checked first
/// (`ValueMacros`). Nothing moves from its line.
struct StrictCasts {
  /// What was put into a line: at a column (from 1) of the result, so many characters.
  struct Insertion: Equatable {
    var line: Int
    var column: Int
    var count: Int
  }

  private(set) var sql = ""
  private(set) var insertions: [Insertion] = []

  private static let integers: Set<String> = [
    "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint",
    "int", "int1", "int2", "int4", "int8", "short", "long", "signed",
  ]
  private static let numbers: Set<String> = ["double", "float8"]
  private static let floats: Set<String> = ["float", "real", "float4"]
  private static let decimals: Set<String> = ["decimal", "numeric", "dec"]
  private static let timestamps: Set<String> = ["timestamp", "datetime", "timestamp_s", "timestamp_ms", "timestamp_ns"]

  init(_ text: String) {
    let tokens = SQLToken.read(text)
    let scalars = Array(text.unicodeScalars)
    var additions: [Addition] = []
    for index in tokens.indices {
      guard let cast = Self.call(tokens, index, scalars) ?? Self.postfix(tokens, index, scalars),
        // These are no values until the statement is bound, and a macro may not name them twice.
        !tokens[cast.range].contains(where: { $0.isWord("unnest") || $0.isWord("columns") })
      else { continue }
      let (start, end) = (tokens[cast.range.lowerBound].start, tokens[cast.range.upperBound].end)
      additions.append(Addition(offset: start, text: cast.macro.opening, width: end - start))
      additions.append(Addition(offset: end, text: cast.macro.closing, width: end - start))
    }
    apply(additions, to: scalars)
  }

  private typealias Cast = (range: ClosedRange<Int>, macro: Macro)

  private struct Macro {
    var opening: String
    var closing = ")"
  }

  /// What a cast to the type that begins at a token is checked by; nil for types that take what they are given or refuse it.
  private static func macro(_ tokens: [SQLToken], _ index: Int, _ text: [Unicode.Scalar]) -> Macro? {
    guard case .word(let name) = tokens[index].kind else { return nil }
    if integers.contains(name) { return Macro(opening: "checked_integer(") }
    if floats.contains(name) { return Macro(opening: "checked_float(") }
    if numbers.contains(name) { return Macro(opening: "checked_number(") }
    if decimals.contains(name) {
      return Macro(opening: "checked_decimal(", closing: ", \(scale(tokens, index, text)))")
    }
    if name == "date" { return Macro(opening: "checked_date(") }
    let hasZone = index + 1 < tokens.count && tokens[index + 1].isWord("with")
    return timestamps.contains(name) && !hasZone ? Macro(opening: "checked_timestamp(") : nil
  }

  /// Digits after the point of `DECIMAL(p, s)`: none of `DECIMAL(p)`, and three of DuckDB's own where it stands alone.
  private static func scale(_ tokens: [SQLToken], _ index: Int, _ text: [Unicode.Scalar]) -> Int {
    guard index + 3 < tokens.count, tokens[index + 1].isSymbol("(") else { return 3 }
    guard tokens[index + 3].isSymbol(","), index + 4 < tokens.count else { return 0 }
    let token = tokens[index + 4]
    var digits = String.UnicodeScalarView()
    digits.append(contentsOf: text[token.start..<token.end])
    return Int(String(digits)) ?? 0
  }

  /// `CAST ( … AS type )`. TRY_CAST is what it is: it says by its name that NULL is meant.
  private static func call(_ tokens: [SQLToken], _ index: Int, _ text: [Unicode.Scalar]) -> Cast? {
    guard tokens[index].isWord("cast"), index + 1 < tokens.count, tokens[index + 1].isSymbol("("),
      let end = SQLToken.closing(tokens, index + 1)
    else { return nil }
    var depth = 0
    var separator: Int?
    for place in (index + 2)..<end {
      if tokens[place].isOpening { depth += 1 } else if tokens[place].isClosing { depth -= 1 }
      if depth == 0, tokens[place].isWord("as") { separator = place }
    }
    guard let separator, separator > index + 2, separator + 1 < end,
      // An array of numbers is none.
      !tokens[end - 1].isSymbol("]"),
      let macro = macro(tokens, separator + 1, text)
    else { return nil }
    return ((index + 2)...(separator - 1), macro)
  }

  /// `operand :: type`.
  private static func postfix(_ tokens: [SQLToken], _ index: Int, _ text: [Unicode.Scalar]) -> Cast? {
    guard tokens[index].isSymbol("::"), index > 0, index + 1 < tokens.count,
      !(index + 2 < tokens.count && tokens[index + 2].isSymbol("[")),
      let start = SQLToken.operandStart(tokens, before: index),
      let macro = macro(tokens, index + 1, text)
    else { return nil }
    return (start...(index - 1), macro)
  }

  private struct Addition {
    var offset: Int
    var text: String
    /// Of what stands between it and its other half.
    var width: Int
  }

  private mutating func apply(_ additions: [Addition], to text: [Unicode.Scalar]) {
    // What ends comes before what begins; of two that begin at one place the longer one is the outer.
    let ordered = additions.sorted { left, right in
      if left.offset != right.offset { return left.offset < right.offset }
      let closes = (left.text.hasSuffix(")"), right.text.hasSuffix(")"))
      if closes.0 != closes.1 { return closes.0 }
      return closes.0 ? left.width < right.width : left.width > right.width
    }
    var result = String.UnicodeScalarView()
    var (line, column, next) = (1, 1, 0)
    for offset in 0...text.count {
      while next < ordered.count, ordered[next].offset == offset {
        let added = ordered[next].text
        result.append(contentsOf: added.unicodeScalars)
        insertions.append(Insertion(line: line, column: column, count: added.count))
        column += added.count
        next += 1
      }
      guard offset < text.count else { break }
      result.append(text[offset])
      if text[offset] == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    sql = String(result)
  }

  /// Where a place of the result stands in the text.
  func original(line: Int, column: Int) -> Int {
    let before = insertions.filter { $0.line == line && $0.column < column }
    return max(1, column - before.reduce(0) { $0 + $1.count })
  }
}

extension EngineScript.Step {
  /// The error with the column that its place has in the user's own file.
  func located(_ error: EngineError) -> EngineError {
    guard let casts, case .sql(let step, let message, let line?, let column?) = error else { return error }
    return .sql(step: step, message: message, line: line, column: casts.original(line: line, column: column))
  }
}
