internal import CZlib
internal import Glibc

/// The content of a file, unfolded where it is gzip, and read to its end whatever comes: every member's CRC and length hold,
/// zeros after a member are padding, and anything else there is no part of the document.
///
/// zlib's own reader of files (`gzread`) and most programs take what follows the last member for nothing, which hides what a
/// transfer or a tool appended, or a second half that was cut.
final class UnfoldedFile {
  enum Failure: Error, Equatable {
    case cannotRead(String)
    case damaged(String)
    /// More than its budget came out of it.
    case tooLarge(limit: Int64)
  }

  private let descriptor: Int32
  private let isGzip: Bool
  /// Whether its head has a name at most: not every reader takes what else gzip knows (comments, checksums, extra fields).
  private let hasPlainHead: Bool
  private var stream = z_stream()
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: UnfoldedFile.pieceSize, alignment: 16)
  private var isInMember = false
  /// Bytes of the file that were taken into `input` before what is there now.
  private var offset = 0
  private var fileOffset = 0
  /// Members that came to their end.
  private(set) var memberCount = 0
  private(set) var paddingByteCount = 0
  /// Bytes that were unfolded, and how many there may be.
  private var unfoldedByteCount: Int64 = 0
  private let limit: Int64

  /// 64 KiB: memory stays flat whatever is folded.
  static let pieceSize = 65_536

  /// - Throws: `Failure.cannotRead`.
  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.cannotRead(String(cString: strerror(errno))) }
    limit = ExpansionBudget.limit(ofFile: path)
    var head: [UInt8] = [0, 0, 0, 0]
    isGzip = pread(descriptor, &head, 4, 0) >= 2 && head.starts(with: [0x1F, 0x8B])
    hasPlainHead = head[3] & ~Self.nameFlag == 0
    // 15 bits of window, and 16 for gzip and nothing else. Fails only when memory is out.
    let result = aker_inflate_init(&stream, 15 + 16)
    precondition(result == Z_OK, "zlib has no memory")
  }

  deinit {
    inflateEnd(&stream)
    input.deallocate()
    close(descriptor)
  }

  private static let nameFlag: UInt8 = 0x08

  /// The form that every reader of gzip takes: one member, a plain head, and nothing after it. Known at the end.
  var isPlain: Bool { memberCount <= 1 && paddingByteCount == 0 && hasPlainHead }

  /// - Returns: how many bytes were put into `buffer`, which is not empty; 0 at the end.
  /// - Throws: `Failure`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if !isGzip { return try readFile(into: buffer) }
    while true {
      if stream.avail_in == 0, try !refill() {
        if isInMember { throw Failure.damaged("its gzip stream ends in the middle\(place)") }
        return 0
      }
      if !isInMember, try !beginMember() { continue }
      stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(clamping: buffer.count)
      let room = stream.avail_out
      let result = inflate(&stream, Z_NO_FLUSH)
      guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw damage() }
      if result == Z_STREAM_END {
        isInMember = false
        memberCount += 1
      }
      let count = Int(room - stream.avail_out)
      unfoldedByteCount += Int64(count)
      guard unfoldedByteCount <= limit else { throw Failure.tooLarge(limit: limit) }
      if count > 0 { return count }
    }
  }

  /// Between members: the next begins, or zeros go by.
  ///
  /// - Returns: false when there is nothing more at hand.
  private func beginMember() throws -> Bool {
    while stream.avail_in > 0, memberCount > 0, stream.next_in.pointee == 0 {
      stream.next_in += 1
      stream.avail_in -= 1
      paddingByteCount += 1
    }
    if stream.avail_in == 0 { return false }
    if memberCount > 0 {
      guard stream.next_in.pointee == 0x1F else { throw appended() }
      inflateReset(&stream)
    }
    isInMember = true
    return true
  }

  private func damage() -> Failure {
    // What begins like a member and is none came after the document.
    if memberCount > 0, stream.total_out == 0 { return appended() }
    let why = stream.msg.map { String(cString: $0) } ?? "it is no gzip"
    return switch why {
    case "incorrect data check": .damaged("its gzip stream does not have the CRC that it says\(place)")
    case "incorrect length check": .damaged("its gzip stream does not have the length that it says\(place)")
    default: .damaged("its gzip stream is corrupt\(place): \(why)")
    }
  }

  private func appended() -> Failure {
    let bytes = UnsafeBufferPointer(start: stream.next_in, count: Int(min(stream.avail_in, 40)))
    let shown = String(decoding: bytes.prefix { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
    let what = shown.isEmpty ? "\(bytes.count) or more bytes" : "'\(shown)'"
    return .damaged("after its last gzip member comes what is no gzip, at byte \(position): \(what)")
  }

  private var place: String { memberCount > 0 ? " (member \(memberCount + 1), near byte \(position))" : "" }

  /// In the file.
  private var position: Int { offset - Int(stream.avail_in) }

  private func refill() throws -> Bool {
    let count = try readFile(into: input)
    offset += count
    stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_in = UInt32(count)
    return count > 0
  }

  private func readFile(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(fileOffset))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure.cannotRead(String(cString: strerror(errno))) }
      fileOffset += count
      return count
    }
  }
}
