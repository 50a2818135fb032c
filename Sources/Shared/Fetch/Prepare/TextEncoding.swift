/// What a text seems to be written in, for the advice of an error: nothing is read by it.
enum TextEncoding {
  /// The encoding that would read these bytes, the first of a text or those around the first that is not UTF-8.
  static func likely(_ bytes: [UInt8]) -> String {
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return "utf-32" }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return "utf-16" }
    let zeroes = bytes.prefix(64).enumerated().filter { $0.element == 0 }
    if zeroes.count >= bytes.prefix(64).count / 3, !zeroes.isEmpty {
      return zeroes.allSatisfy { $0.offset % 2 == 1 } ? "utf-16le" : "utf-16be"
    }
    // In Latin-1 they are control characters, which nobody writes.
    return bytes.contains { (0x80...0x9F).contains($0) } ? "windows-1252" : "iso-8859-1"
  }

  /// The refusal of a text that has more than a byte for each letter, or is no text at all.
  static func wideFailure(_ beginning: [UInt8]) -> TextCheck.Failure {
    if let kind = fileKind(beginning) {
      return TextCheck.Failure(
        summary: "it is \(kind), and no text", advice: "State the request's `member:`, or ask its source for the text.")
    }
    return TextCheck.Failure(
      summary: "it is not UTF-8: it begins with \(hexadecimal(beginning.prefix(4)))",
      advice: "State the request's `encoding: \(likely(beginning))`.")
  }

  /// What a file is that is no text, by its first bytes; nil where they tell nothing.
  static func fileKind(_ beginning: [UInt8]) -> String? {
    let kinds: [(mark: [UInt8], name: String)] = [
      ([0x50, 0x4B, 3, 4], "a zip, or a workbook (.xlsx)"), ([0x1F, 0x8B], "gzip"),
      ([0xD0, 0xCF, 0x11, 0xE0], "a workbook of Excel 97 to 2003 (.xls), or one behind a password"),
    ]
    return kinds.first { beginning.starts(with: $0.mark) }?.name
  }

  /// Whether a text seems to have more than a byte for each letter: by its byte order mark, or by its zeroes.
  static func isWide(_ beginning: some Collection<UInt8>) -> Bool {
    beginning.starts(with: [0xFF, 0xFE]) || beginning.starts(with: [0xFE, 0xFF])
      || beginning.prefix(8).count(where: { $0 == 0 }) >= 3
  }

  /// Whether each byte is a character, so that any bytes at all can be read by it.
  static func isSingleByte(_ name: String) -> Bool {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    return ["latin", "iso8859", "windows", "cp", "ibm", "macintosh", "koi8", "ansi"].contains { plain.hasPrefix($0) }
  }

  static func isUTF8(_ name: String?) -> Bool {
    guard let name else { return true }
    return ["utf8"].contains(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  /// Bytes as an error shows them: `0xF1 0x61`.
  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "0x" + (digits.count == 1 ? "0" : "") + digits
    }.joined(separator: " ")
  }
}
