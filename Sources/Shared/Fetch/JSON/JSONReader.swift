internal import FoundationEssentials

/// Bytes of a JSON document, in pieces; unfolded where it is gzip, and without its byte order mark.
final class JSONReader {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private var text: TextReader
  private var buffer: [UInt8] = []
  private var start = 0
  private(set) var position = 0

  init(_ file: String) throws {
    do {
      text = try TextReader(file, encoding: nil)
    } catch let failure as TextReader.Failure {
      throw Failure(description: "\(file): \(failure.summary)")
    }
  }

  func failure(_ what: String) -> Failure {
    Failure(description: "not the JSON that was due: \(what) (at byte \(position))")
  }

  func peek() throws -> UInt8? {
    while start == buffer.count {
      do {
        guard let piece = try text.next() else { return nil }
        (buffer, start) = (piece, 0)
      } catch let failure as TextReader.Failure {
        throw Failure(description: failure.summary)
      }
    }
    return buffer[start]
  }

  func next() throws -> UInt8? {
    guard let byte = try peek() else { return nil }
    start += 1
    position += 1
    return byte
  }

  func peekAfterSpace() throws -> UInt8? {
    while let byte = try peek() {
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      _ = try next()
    }
    return nil
  }

  func afterSpace() throws -> UInt8? {
    _ = try peekAfterSpace()
    return try next()
  }

  /// The rest of a string after its first quote.
  func string(isWanted: Bool) throws -> String {
    var bytes: [UInt8] = []
    var hasEscape = false
    while let byte = try next() {
      if byte == UInt8(ascii: "\"") {
        guard isWanted else { return "" }
        if !hasEscape { return String(decoding: bytes, as: UTF8.self) }
        let quoted = Data([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
        return try JSONDecoder().decode(String.self, from: quoted)
      }
      if isWanted { bytes.append(byte) }
      if byte == UInt8(ascii: "\\") {
        hasEscape = true
        guard let escaped = try next() else { break }
        if isWanted { bytes.append(escaped) }
      }
    }
    throw Failure(description: "not the JSON that was due: a text does not end")
  }

  /// A number or a word.
  func word(beginning first: UInt8) throws -> String {
    var bytes = [first]
    while let byte = try peek(), Character(UnicodeScalar(byte)).isLetter || (0x2B...0x39).contains(byte), byte != 0x2C {
      bytes.append(byte)
      start += 1
      position += 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What is left of the piece at hand, for a loop that looks at many bytes: it may change them, and says how many it took.
  ///
  /// - Returns: false at the end of the document.
  func take(_ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Int) throws -> Bool {
    guard try peek() != nil else { return false }
    let begin = start
    let count = try buffer.withUnsafeMutableBufferPointer {
      try body(UnsafeMutableBufferPointer(rebasing: $0[begin...]))
    }
    start += count
    position += count
    return true
  }
}
