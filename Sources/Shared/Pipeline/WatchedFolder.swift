internal import Base
internal import FoundationEssentials
internal import Glibc

/// A folder of this host that attempts need: made again where it is gone, and known to be the one that was there before.
struct WatchedFolder {
  let path: String
  /// What the mark in it said last; nil before the first look.
  private var mark: String?

  init(_ path: String) {
    self.path = path
  }

  /// Readers of our folders skip names that begin with a dot.
  private static let markName = ".aker-here"
  /// 4 KiB: a disk that is full to the last block takes no more of it.
  private static let probeByteCount = 4096

  /// - Returns: whether it was gone since the last look, or another has taken its place.
  /// - Throws: `FileError` where it cannot be made, written to or read.
  mutating func look() throws -> Bool {
    try Folders.make(path)
    try Self.probe(path)
    let found = try Self.read(path + "/" + Self.markName) ?? makeMark()
    defer { mark = found }
    return mark != nil && mark != found
  }

  /// Nil where there is none, or an empty one, as a crash leaves it.
  private static func read(_ file: String) -> String? {
    guard let bytes = FileManager.default.contents(atPath: file), !bytes.isEmpty else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// At once and whole: of two workers that come first at the same time, both take the mark of one.
  private func makeMark() throws -> String {
    let file = path + "/" + Self.markName
    let made = UUID().uuidString
    let unnamed = "\(file)-\(made)"
    defer { unlink(unnamed) }
    try Self.write(made.utf8, to: unnamed)
    if link(unnamed, file) == 0 { return made }
    if let found = Self.read(file) { return found }
    // An empty one, or a file system without links.
    guard rename(unnamed, file) == 0 else { throw FileError(action: "write", path: file, code: errno) }
    return made
  }

  /// Whether a file can be made, filled, read again and removed.
  static func probe(_ folder: String) throws {
    let file = folder + "/.aker-look-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { unlink(file) }
    try write(repeatElement(0x61, count: probeByteCount), to: file)
    guard FileManager.default.contents(atPath: file)?.count == probeByteCount else {
      throw FileError(action: "read", path: file, code: EIO)
    }
  }

  private static func write(_ bytes: some Sequence<UInt8>, to file: String) throws {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(action: "write", path: file, code: errno) }
    defer { close(descriptor) }
    let bytes = Array(bytes)
    let count = Glibc.write(descriptor, bytes, bytes.count)
    guard count == bytes.count, fsync(descriptor) == 0 else {
      throw FileError(action: "write", path: file, code: count >= 0 && count < bytes.count ? ENOSPC : errno)
    }
  }
}
