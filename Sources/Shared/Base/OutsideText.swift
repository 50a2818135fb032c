/// Text that somebody else wrote (a source's header or message, a host's name, an error of another program), made so
/// that it can be stored and shown: the one place that knows what may not pass.
package enum OutsideText {
  /// For one line of a log, a table or a screen: no character of it moves the cursor, begins a line, ends one or turns the
  /// direction of what is written; each such is seen as its escape (`\n`, `\u{1B}`). Bounded in length.
  package static func line(_ text: String, atMost limit: Int = byteLimit) -> String {
    shown(text, atMost: limit) { isShown($0) }
  }

  /// The same where lines may follow one another.
  package static func lines(_ text: String, atMost limit: Int = byteLimit) -> String {
    shown(text, atMost: limit) { $0 == "\n" || isShown($0) }
  }

  /// For a column of text: Postgres stores every character but NUL, which is seen as `␀`.
  package static func storable(_ text: String) -> String {
    text.utf8.contains(0) ? text.replacing("\0", with: zeroSign) : text
  }

  /// For a column of JSON, which Postgres refuses with `\u0000` or with half of a surrogate pair in it.
  package static func storableJSON(_ json: String) -> String {
    guard json.utf8.contains(UInt8(ascii: "\\")) else { return storable(json) }
    var made: [UInt8] = []
    made.reserveCapacity(json.utf8.count)
    var rest = Array(json.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let kind = rest.first else {
        made.append(byte)
        continue
      }
      guard kind == UInt8(ascii: "u"), let unit = codeUnit(rest) else {
        made += [byte, kind]
        rest.removeFirst()
        continue
      }
      let escape = rest.prefix(5)
      rest.removeFirst(5)
      switch unit {
      case 0: made += zeroSign.utf8
      case 0xD800...0xDBFF:
        if rest.first == UInt8(ascii: "\\"), let low = codeUnit(rest.dropFirst()), (0xDC00...0xDFFF).contains(low) {
          made += [byte] + escape + rest.prefix(6)
          rest.removeFirst(6)
        } else {
          made += "\u{FFFD}".utf8
        }
      case 0xDC00...0xDFFF: made += "\u{FFFD}".utf8
      default: made += [byte] + escape
      }
    }
    return storable(String(decoding: made, as: UTF8.self))
  }

  /// 8 KiB: ten screens, which nobody reads to the end; what is longer is cut, and says by how much.
  package static let byteLimit = 8192

  /// SYMBOL FOR NULL
  private static let zeroSign = "\u{2400}"

  /// Of `uXXXX` at the beginning.
  private static func codeUnit(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    guard bytes.first == UInt8(ascii: "u"), bytes.count >= 5 else { return nil }
    return UInt32(String(decoding: bytes.dropFirst().prefix(4), as: UTF8.self), radix: 16)
  }

  private static func shown(_ text: String, atMost limit: Int, _ isShown: (Unicode.Scalar) -> Bool) -> String {
    let count = text.utf8.count
    if count <= limit, text.unicodeScalars.allSatisfy(isShown) { return text }
    var made = ""
    var taken = 0
    for scalar in text.unicodeScalars {
      guard taken + scalar.utf8.count <= limit else { break }
      taken += scalar.utf8.count
      if isShown(scalar) { made.unicodeScalars.append(scalar) } else { made += escape(scalar) }
    }
    return taken < count ? made + "… (\(count - taken) more bytes)" : made
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\0": zeroSign
    default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
  }

  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0 with ESC, DEL and C1.
    case 0..<0x20, 0x7F...0x9F: false
    // The separators of lines and paragraphs; marks, embeddings, overrides and isolates of direction; what has no width.
    case 0x2028, 0x2029, 0x061C, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: false
    // Tags, which hide text in text.
    case 0xE0000...0xE007F: false
    default: true
    }
  }
}
