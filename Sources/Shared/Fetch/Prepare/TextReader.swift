internal import Glibc

/// The content of a text file as UTF-8, piece by piece: gunzipped where it is gzip, decoded, without a byte order mark.
struct TextReader: ~Copyable {
  enum Failure: Error {
    case cannotOpen(String)
    case corrupt(String)
    case unknownEncoding(String)
    /// A byte that means nothing in the encoding, at an offset of the unpacked content.
    case undecodable(encoding: String, offset: Int)

    var summary: String {
      switch self {
      case .cannotOpen(let why): "it cannot be opened: \(why)"
      case .corrupt(let why): "it cannot be unpacked: \(why)"
      case .unknownEncoding(let name): "there is no encoding '\(name)'; iconv -l lists them"
      case .undecodable(let encoding, let offset): "byte \(offset) is not \(encoding)"
      }
    }
  }

  private let file: UnfoldedFile
  private let buffer: UnsafeMutableRawBufferPointer
  private let decoder: iconv_t?
  private let encoding: String
  private var undecoded: [UInt8] = []
  private var offset = 0
  private var isFirst = true
  /// Whether the text began with a byte order mark, which is no part of it.
  private(set) var hadMark = false
  /// End marks of DOS at the end of what was read: where nothing follows, they are no part of the text.
  private var endMarkCount = 0
  private static let endMark: UInt8 = 0x1A

  /// - Parameter encoding: as iconv names it; nil for UTF-8.
  init(_ path: String, encoding: String?) throws {
    let file = try Self.opened(path)
    let decoder = try Self.decoder(encoding)
    self.file = file
    self.decoder = decoder
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: UnfoldedFile.pieceSize, alignment: 16)
    self.encoding = encoding ?? "utf-8"
  }

  private static func opened(_ path: String) throws -> UnfoldedFile {
    do {
      return try UnfoldedFile(path)
    } catch UnfoldedFile.Failure.cannotRead(let why) {
      throw Failure.cannotOpen(why)
    }
  }

  private static func decoder(_ encoding: String?) throws -> iconv_t? {
    guard let encoding else { return nil }
    let decoder = iconv_open("UTF-8", encoding)
    // iconv_open's answer for an error is -1, as a pointer.
    if decoder == iconv_t(bitPattern: -1) { throw Failure.unknownEncoding(encoding) }
    return decoder
  }

  deinit {
    buffer.deallocate()
    if let decoder { iconv_close(decoder) }
  }

  /// Whether a file is gzip, or begins with a byte order mark of UTF-8.
  static func isWrapped(_ path: String) -> Bool { isGzip(path) || beginning(path) == [0xEF, 0xBB, 0xBF] }

  static func isGzip(_ path: String) -> Bool { beginning(path).starts(with: [0x1F, 0x8B]) }

  /// Whether a file ends with DOS's end mark (control-Z), which its readers do not know.
  static func hasEndMark(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var byte: UInt8 = 0
    return lseek(descriptor, -1, SEEK_END) >= 0 && read(descriptor, &byte, 1) == 1 && byte == endMark
      && !isGzip(path)
  }

  /// Three bytes, if there are as many.
  private static func beginning(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = [0, 0, 0]
    let count = read(descriptor, &bytes, 3)
    return Array(bytes.prefix(max(0, count)))
  }

  /// The next piece; nil at the end.
  mutating func next() throws -> [UInt8]? {
    let count: Int
    do {
      count = try file.read(into: buffer)
    } catch UnfoldedFile.Failure.cannotRead(let why) {
      throw Failure.cannotOpen(why)
    } catch UnfoldedFile.Failure.damaged(let why) {
      throw Failure.corrupt(why)
    } catch UnfoldedFile.Failure.tooLarge(let limit) {
      throw Failure.corrupt("it unfolds to more than \(limit) bytes")
    }
    guard count > 0 else {
      if !undecoded.isEmpty { throw Failure.undecodable(encoding: encoding, offset: offset) }
      return nil
    }
    let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    var text = try decode(Array(piece))
    if isFirst {
      isFirst = false
      if text.starts(with: [0xEF, 0xBB, 0xBF]) {
        text.removeFirst(3)
        hadMark = true
      }
    }
    if endMarkCount > 0 {
      text = Array(repeating: Self.endMark, count: endMarkCount) + text
      endMarkCount = 0
    }
    while text.last == Self.endMark {
      text.removeLast()
      endMarkCount += 1
    }
    return text
  }

  /// A short text, whole.
  /// - Throws: `Failure.unknownEncoding`, `.undecodable`.
  static func decoded(_ bytes: [UInt8], from encoding: String) throws -> [UInt8] {
    guard let decoder = iconv_open("UTF-8", encoding), decoder != iconv_t(bitPattern: -1) else {
      throw Failure.unknownEncoding(encoding)
    }
    defer { iconv_close(decoder) }
    var input = bytes
    let (output, inputLeft, isWhole) = converted(&input, decoder)
    guard isWhole else { throw Failure.undecodable(encoding: encoding, offset: input.count - inputLeft) }
    return output
  }

  /// In UTF-8, as far as it goes; `errno` tells why it goes no further.
  private static func converted(
    _ input: inout [UInt8], _ decoder: iconv_t
  ) -> (output: [UInt8], inputLeft: Int, isWhole: Bool) {
    // No encoding has a character that takes more than four times its bytes in UTF-8.
    var output = [UInt8](repeating: 0, count: input.count * 4 + 16)
    var (inputLeft, outputLeft) = (input.count, output.count)
    // Its type is size_t, and its error the largest of them: -1 here.
    let result = input.withUnsafeMutableBytes { source in
      output.withUnsafeMutableBytes { target in
        var from = source.baseAddress?.assumingMemoryBound(to: CChar.self)
        var to = target.baseAddress?.assumingMemoryBound(to: CChar.self)
        return iconv(decoder, &from, &inputLeft, &to, &outputLeft)
      }
    }
    let reason = errno
    output.removeLast(outputLeft)
    errno = reason
    return (output, inputLeft, result != -1)
  }

  private mutating func decode(_ bytes: [UInt8]) throws -> [UInt8] {
    guard let decoder else { return bytes }
    var input = undecoded + bytes
    let (output, inputLeft, isWhole) = Self.converted(&input, decoder)
    let consumed = input.count - inputLeft
    // EINVAL: a character goes on in the next piece.
    if !isWhole, errno != EINVAL {
      throw Failure.undecodable(encoding: encoding, offset: offset + consumed)
    }
    offset += consumed
    undecoded = Array(input.suffix(inputLeft))
    return output
  }
}
