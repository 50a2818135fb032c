/// Values of a .dbf that are no texts, as texts: nothing is made of them that they do not say.
enum AttributeValue {
  private static let zero = UInt8(ascii: "0")
  private static let digits = zero...UInt8(ascii: "9")

  /// Of numbers, dates and truths.
  static func isKnown(_ kind: UInt8) -> Bool { "NFDL".utf8.contains(kind) }

  static func word(_ kind: UInt8) -> String {
    kind == UInt8(ascii: "D") ? "date" : kind == UInt8(ascii: "L") ? "truth" : "number"
  }

  /// How wide a field of the kind becomes; nil for as wide as it was.
  static func width(_ kind: UInt8) -> Int? {
    kind == UInt8(ascii: "D") ? "2021-06-10".utf8.count : kind == UInt8(ascii: "L") ? "false".utf8.count : nil
  }

  /// Without the spaces, and the zeroes in their place, about it.
  static func trimmed(_ cell: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let start = cell.drop { $0 == 0x20 || $0 == 0 }
    return start.prefix((start.lastIndex { $0 != 0x20 && $0 != 0 }.map { $0 + 1 - start.startIndex }) ?? 0)
  }

  /// - Returns: nil for what is not of the kind. Asterisks alone, which writers fill in where there is no number, or one that did
  ///   not fit, are nothing.
  static func text(_ cell: ArraySlice<UInt8>, _ kind: UInt8) -> ArraySlice<UInt8>? {
    let value = trimmed(cell)
    if value.allSatisfy({ $0 == UInt8(ascii: "*") }) { return [] }
    switch kind {
    case UInt8(ascii: "D"): return value.allSatisfy { $0 == zero } ? [] : date(value)
    case UInt8(ascii: "L"):
      guard value.count == 1, let letter = value.first else { return nil }
      if letter == UInt8(ascii: "?") { return [] }
      return "TtYy".utf8.contains(letter)
        ? ArraySlice("true".utf8) : "FfNn".utf8.contains(letter) ? ArraySlice("false".utf8) : nil
    default: return number(value)
    }
  }

  private static func date(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard value.count == 8, value.allSatisfy(digits.contains) else { return nil }
    let number = value.reduce(0) { $0 * 10 + Int($1 - zero) }
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100)
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1000, (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
    let bytes = Array(value)
    return ArraySlice(bytes[..<4] + [UInt8(ascii: "-")] + bytes[4..<6] + [UInt8(ascii: "-")] + bytes[6...])
  }

  /// Digits with a point, or with an exponent, which is written out where there is room: Esri writes 15 as 1.500e+001.
  private static func number(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var rest = value.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    guard value.count - rest.count <= 1 else { return nil }
    let whole = rest.prefix(while: digits.contains)
    rest = rest.dropFirst(whole.count)
    var fraction = rest.prefix(0)
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: digits.contains)
      rest = rest.dropFirst(1 + fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    if rest.isEmpty { return value }
    guard rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E"),
      Int(String(decoding: rest.dropFirst(), as: UTF8.self)) != nil,
      let number = Double(String(decoding: value, as: UTF8.self)), number.isFinite
    else { return nil }
    let text = number.description
    let plain = text.hasSuffix(".0") ? Array(text.utf8.dropLast(2)) : Array(text.utf8)
    return plain.count <= value.count ? ArraySlice(plain) : value
  }
}
