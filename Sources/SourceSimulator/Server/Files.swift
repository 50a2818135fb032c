import FoundationEssentials
import Glibc

/// The few things done with files.
enum Files {
  static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  /// Nil when there is no readable regular file at `path`.
  static func read(_ path: String) -> [UInt8]? {
    guard !isFolder(path), let data = FileManager.default.contents(atPath: path) else { return nil }
    return [UInt8](data)
  }

  /// Readers see the whole text or no file.
  static func writeAtomically(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
  }

  static func remove(_ path: String) {
    unlink(path)
  }

  /// Changes whenever the file is replaced or rewritten; nil when there is none.
  static func stamp(_ path: String) -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(
      inode: UInt64(status.st_ino), byteCount: Int(status.st_size), seconds: Int(status.st_mtim.tv_sec),
      nanoseconds: Int(status.st_mtim.tv_nsec))
  }

  struct Stamp: Equatable, Sendable {
    var inode: UInt64
    var byteCount: Int
    var seconds: Int
    var nanoseconds: Int

    /// As nginx makes it: when it was changed, and its size.
    var entityTag: String {
      "\"\(String(seconds, radix: 16)).\(String(nanoseconds, radix: 16))-\(String(byteCount, radix: 16))\""
    }
  }
}
