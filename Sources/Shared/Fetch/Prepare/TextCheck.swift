internal import Base
internal import Catalog

/// One pass over a text that is read as it comes: UTF-8 without U+0000, or an error with line and column.
struct TextCheck {
  struct Failure: Error, Equatable {
    var summary: String
    var advice: String
  }

  /// - Parameters:
  ///   - json: of what JSON it must be, too; nil where it is other text.
  ///   - takesEncoding: whether the request may state another encoding.
  /// - Throws: `Failure`, `TextReader.Failure`.
  static func check(
    _ path: String, json: JSONCheck? = nil, takesEncoding: Bool = false,
    _ cancellation: BlockingWork.Cancellation
  ) throws {
    var reader = try TextReader(path, encoding: nil)
    var check = json
    var utf8 = UTF8Check()
    var before = 0
    var first: [UInt8] = []
    var previous: [UInt8] = []
    while let piece = try reader.next() {
      try cancellation.check()
      if first.isEmpty { first = Array(piece.prefix(64)) }
      let wrong = piece.withUnsafeBytes { utf8.firstWrong(in: $0) }
      let zero = piece.firstIndex(of: 0)
      if let index = [wrong, zero].compactMap({ $0 }).min() {
        var failure = try failure(path, at: before + index, in: previous.suffix(8) + piece, piece.count - index, first)
        if !takesEncoding {
          failure.advice = "JSON is UTF-8, and no other encoding can be stated for it: ask its source."
        }
        throw failure
      }
      do {
        try piece.withUnsafeBytes { try check?.take($0) }
      } catch let found as JSONCheck.Failure {
        throw try failure(path, found)
      }
      before += piece.count
      previous = Array(piece.suffix(8))
    }
    if utf8.isWithinCharacter {
      throw Failure(summary: "it ends within a character of UTF-8", advice: "Ask for it again: it was cut.")
    }
    do {
      try check?.finish()
    } catch let found as JSONCheck.Failure {
      throw try failure(path, found)
    }
  }

  private static func failure(_ path: String, _ found: JSONCheck.Failure) throws -> Failure {
    func text(_ offset: Int) throws -> String {
      let place = try place(path, offset)
      return "line \(place.line), character \(place.column)"
    }
    let began =
      try found.began.map {
        found.shown == .member ? ", first at \(try text($0))" : " (it began at \(try text($0)))"
      } ?? ""
    let shown =
      switch found.shown {
      case .nothing: ""
      case .member: ": '\(DelimitedText.Failure.shortened(try beginning(path, found.offset + 1, until: "\"")))'"
      case .text: ": \(DelimitedText.Failure.shortened(try beginning(path, found.offset, until: "\r\n")))"
      }
    return Failure(
      summary: "not the JSON that was due: \(try text(found.offset)): \(found.what)\(shown)\(began)",
      advice: found.advice)
  }

  /// The beginning of the text from an offset on, up to one of these characters.
  private static func beginning(_ path: String, _ offset: Int, until ends: String) throws -> String {
    var reader = try TextReader(path, encoding: nil)
    var before = 0
    var bytes: [UInt8] = []
    while bytes.count < 256, let piece = try reader.next() {
      bytes += piece.dropFirst(max(0, offset - before)).prefix(256)
      before += piece.count
    }
    return String(decoding: bytes.prefix { !ends.utf8.contains($0) }, as: UTF8.self)
  }

  /// Whether a text that is said to have a byte a character is UTF-8 in truth: it has other letters than ASCII, or the byte
  /// order mark of UTF-8, and all letters are.
  static func isUTF8WithLetters(_ path: String) throws -> Bool {
    var reader = try TextReader(path, encoding: nil)
    var utf8 = UTF8Check()
    var hasLetters = false
    while let piece = try reader.next() {
      if piece.withUnsafeBytes({ utf8.firstWrong(in: $0) }) != nil { return false }
      hasLetters = hasLetters || piece.contains { $0 >= 0x80 }
    }
    return (hasLetters || reader.hadMark) && !utf8.isWithinCharacter
  }

  static func misdeclared(_ encoding: String) -> Failure {
    Failure(
      summary: "it is UTF-8, and was declared as \(encoding), which would make other letters of its own",
      advice: "Leave `encoding:` out, or state `encoding: utf-8`.")
  }

  /// - Parameter rest: how many bytes of `bytes` come from the wrong one on.
  private static func failure(
    _ path: String, at offset: Int, in bytes: some Collection<UInt8>, _ rest: Int, _ first: [UInt8]
  ) throws -> Failure {
    let place = try place(path, offset)
    let around = Array(bytes.suffix(rest + 3).prefix(7))
    if TextEncoding.isWide(first) { return TextEncoding.wideFailure(first) }
    if bytes.suffix(rest).first == 0 {
      return Failure(
        summary: "line \(place.line), character \(place.column): U+0000, which no text of a table may hold",
        advice: "If the document is not UTF-8, state its `encoding:`, such as utf-16; else ask its source.")
    }
    return Failure(
      summary: "line \(place.line), character \(place.column): \(TextEncoding.hexadecimal(around)) is not UTF-8",
      advice: "State the request's `encoding: \(TextEncoding.likely(around))`, or what it is in truth.")
  }

  static func place(_ path: String, _ offset: Int) throws -> (line: Int, column: Int) {
    var reader = try TextReader(path, encoding: nil)
    var (line, column, left) = (1, 1, offset)
    while left > 0, let piece = try reader.next() {
      for byte in piece.prefix(left) {
        if byte == UInt8(ascii: "\n") { (line, column) = (line + 1, 1) } else if byte & 0xC0 != 0x80 { column += 1 }
      }
      left -= piece.count
    }
    return (line, column)
  }
}
