internal import Base
internal import Glibc
internal import HTTP

/// A vendor's drop on this host's disks, copied into the cache while it is hashed.
struct LocalFileCopy {
  /// The folder of the source, which nothing leads out of: neither `..` nor a link.
  let root: String
  let path: String

  enum Failure: Error {
    case absent
    case outside
    case cannotRead(String)
    case cannotWrite(String)
    case tooLarge
  }

  struct Result {
    var byteCount: Int64
    var sha256: String
    /// Size and time of change: names the version.
    var version: String
    var beginning: [UInt8]
  }

  func version() throws -> String {
    let file = try resolved()
    var status = stat()
    guard stat(file, &status) == 0 else { throw Failure.absent }
    return "\"\(status.st_size)-\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\""
  }

  private func resolved() throws -> String {
    guard let top = Self.realPath(root) else { throw Failure.absent }
    guard let file = Self.realPath(root + path) else { throw Failure.absent }
    guard file.hasPrefix(top == "/" ? "/" : top + "/") else { throw Failure.outside }
    return file
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  func copy(to target: String, maximumBytes: Int64) throws -> Result {
    let version = try version()
    let input = open(try resolved(), O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw Failure.cannotRead(String(cString: strerror(errno))) }
    defer { close(input) }
    let output = Folders.openMaking(target, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC)
    guard output >= 0 else { throw Failure.cannotWrite("\(target): \(String(cString: strerror(errno)))") }
    defer { close(output) }
    var hash = SHA256()
    var result = Result(byteCount: 0, sha256: "", version: version, beginning: [])
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
      let count = read(input, &buffer, buffer.count)
      if count < 0 { throw Failure.cannotRead(String(cString: strerror(errno))) }
      if count == 0 { break }
      result.byteCount += Int64(count)
      guard result.byteCount <= maximumBytes else { throw Failure.tooLarge }
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      if result.beginning.count < HTTPTransfer.beginningByteCount {
        result.beginning += buffer[..<min(count, HTTPTransfer.beginningByteCount - result.beginning.count)]
      }
      var start = 0
      while start < count {
        let written = buffer.withUnsafeBytes { write(output, $0.baseAddress! + start, count - start) }  // never empty
        guard written > 0 else { throw Failure.cannotWrite("\(target): \(String(cString: strerror(errno)))") }
        start += written
      }
    }
    guard fsync(output) == 0 else { throw Failure.cannotWrite("\(target): \(String(cString: strerror(errno)))") }
    result.sha256 = hash.finish()
    return result
  }
}
