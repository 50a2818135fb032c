internal import Glibc

/// Where the bytes of a zip's deflated member lie, by the directory at the zip's end.
///
/// Deflate is what gzip holds, too: with a head and a tail of gzip the same bytes are a `.gz`, which is read as a stream, and
/// nothing is unfolded and folded again for it. Whatever is unusual here (zip64, other methods, passwords, bytes before the
/// zip) has no place, and is taken out by libarchive instead.
struct ZipDirectory {
  struct Place: Equatable {
    var offset: Int64
    var byteCount: Int64
    var unfoldedByteCount: UInt32
    var crc: UInt32
  }

  private static let endSignature: UInt32 = 0x0605_4B50
  private static let entrySignature: UInt32 = 0x0201_4B50
  private static let localSignature: UInt32 = 0x0403_4B50
  private static let endLength = 22
  private static let entryLength = 46
  private static let localLength = 30
  private static let longestComment = 65_535
  /// 16 MiB: more than a hundred thousand members.
  private static let longestDirectory: Int64 = 16 << 20
  private static let deflate: UInt16 = 8

  private let descriptor: Int32
  private let byteCount: Int64

  private init?(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    byteCount = Int64(lseek(descriptor, 0, SEEK_END))
  }

  /// - Returns: nil where it is not there, there twice, or not plainly deflated.
  static func deflated(_ name: String, in path: String) -> Place? {
    guard let zip = ZipDirectory(path) else { return nil }
    defer { close(zip.descriptor) }
    return zip.place(of: Array(name.utf8))
  }

  private func place(of name: [UInt8]) -> Place? {
    let tailLength = min(byteCount, Int64(Self.endLength + Self.longestComment))
    guard tailLength >= Self.endLength, let tail = bytes(at: byteCount - tailLength, Int(tailLength)) else {
      return nil
    }
    // The last place where the end's own length leads to the end of the file.
    guard
      let end = (0...(tail.count - Self.endLength)).last(where: { at in
        tail.uint32(at) == Self.endSignature && at + Self.endLength + Int(tail.uint16(at + 20)) == tail.count
      })
    else { return nil }
    let (length, start) = (Int64(tail.uint32(end + 12)), Int64(tail.uint32(end + 16)))
    let count = Int(tail.uint16(end + 10))
    // All ones: the true number is in a zip64 record.
    guard tail.uint32(end + 4) == 0, count < 0xFFFF, start < 0xFFFF_FFFF, length <= Self.longestDirectory,
      start + length <= byteCount, let directory = bytes(at: start, Int(length))
    else { return nil }
    var found: [Place] = []
    var at = 0
    for _ in 0..<count {
      guard at + Self.entryLength <= directory.count, directory.uint32(at) == Self.entrySignature else { return nil }
      let lengths = [28, 30, 32].map { Int(directory.uint16(at + $0)) }
      let next = at + Self.entryLength + lengths.reduce(0, +)
      guard next <= directory.count else { return nil }
      if directory[(at + Self.entryLength)..<(at + Self.entryLength + lengths[0])].elementsEqual(name) {
        guard let place = place(directory, at, before: start) else { return nil }
        found.append(place)
      }
      at = next
    }
    return found.count == 1 ? found[0] : nil
  }

  private func place(_ directory: [UInt8], _ at: Int, before start: Int64) -> Place? {
    let isEncrypted = directory.uint16(at + 8) & 1 == 1
    let (folded, unfolded) = (directory.uint32(at + 20), directory.uint32(at + 24))
    let local = Int64(directory.uint32(at + 42))
    guard !isEncrypted, directory.uint16(at + 10) == Self.deflate, folded != .max, unfolded != .max,
      let head = bytes(at: local, Self.localLength), head.uint32(0) == Self.localSignature
    else { return nil }
    let offset = local + Int64(Self.localLength) + Int64(head.uint16(26)) + Int64(head.uint16(28))
    guard offset + Int64(folded) <= start else { return nil }
    return Place(
      offset: offset, byteCount: Int64(folded), unfoldedByteCount: unfolded, crc: directory.uint32(at + 16))
  }

  private func bytes(at offset: Int64, _ count: Int) -> [UInt8]? {
    guard offset >= 0, offset + Int64(count) <= byteCount else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let size = bytes.withUnsafeMutableBytes { buffer in
        // Not empty, since something is left to read.
        pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset) + done)
      }
      guard size > 0 else { return nil }
      done += size
    }
    return bytes
  }
}

extension ZipDirectory.Place {
  /// Ten bytes of gzip: deflate, no name, no time, made anywhere.
  private static let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

  /// The member as a `.gz`.
  /// - Returns: false where the zip cannot be read there.
  func write(from path: String, to output: inout OutputFile) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0, lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { return false }
    defer { close(descriptor) }
    try output.write(Self.head)
    var buffer = [UInt8](repeating: 0, count: UnfoldedFile.pieceSize)
    var left = Int(byteCount)
    while left > 0 {
      let size = read(descriptor, &buffer, min(left, buffer.count))
      guard size > 0 else { return false }
      try output.write(buffer[..<size])
      left -= size
    }
    for number in [crc, unfoldedByteCount] {
      try output.write((0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
    }
    return true
  }
}

extension [UInt8] {
  fileprivate func uint16(_ at: Int) -> UInt16 { UInt16(self[at]) | UInt16(self[at + 1]) << 8 }

  fileprivate func uint32(_ at: Int) -> UInt32 { UInt32(uint16(at)) | UInt32(uint16(at + 2)) << 16 }
}
