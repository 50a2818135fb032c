internal import Base
internal import Glibc

/// Whether a document is as whole as its own format can tell: each gzip member and each entry of a zip has the CRC and the
/// length that it says. Asked of all that comes, before it is kept.
struct DocumentIntegrity {
  struct Damage: Error, Equatable {
    var why: String
  }

  private(set) var folding: Folding?

  /// Reads the whole document where it is gzip or a zip.
  ///
  /// - Throws: `Damage`; `UnfoldedFile.Failure.cannotRead` and `ArchiveMember.Failure.tooLarge`.
  init(of path: String, _ cancellation: BlockingWork.Cancellation) throws {
    let beginning = Self.beginning(path)
    if beginning.starts(with: [0x1F, 0x8B]) {
      try checkGzip(path, cancellation)
    } else if [[0x50, 0x4B, 0x03, 0x04], [0x50, 0x4B, 0x05, 0x06]].contains(beginning) {
      try ArchiveMember.check(path, cancellation)
      folding = .zip
    }
  }

  private mutating func checkGzip(_ path: String, _ cancellation: BlockingWork.Cancellation) throws {
    let file = try UnfoldedFile(path)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: UnfoldedFile.pieceSize, alignment: 16)
    defer { buffer.deallocate() }
    do {
      while try file.read(into: buffer) > 0 { try cancellation.check() }
    } catch UnfoldedFile.Failure.damaged(let why) {
      throw Damage(why: why)
    } catch UnfoldedFile.Failure.tooLarge(let limit) {
      throw ArchiveMember.Failure.tooLarge(limit: limit)
    }
    folding = file.isPlain ? .gzip : .oddGzip
  }

  /// Four bytes, if there are as many.
  private static func beginning(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = [0, 0, 0, 0]
    return read(descriptor, &bytes, 4) == 4 ? bytes : []
  }
}
