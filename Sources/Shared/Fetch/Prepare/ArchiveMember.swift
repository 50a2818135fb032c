internal import CLibarchive
internal import Glibc

/// Takes one file out of a zip (or tar) that came from elsewhere: by a name that leads nowhere, and no larger than it may be.
package enum ArchiveMember {
  package enum Failure: Error, Equatable {
    case unreadable(String)
    /// A member whose name is absolute, or climbs with `..`: such an archive is not looked at any further.
    case unsafeName(String)
    case noMember(String, of: [String])
    case tooLarge(limit: Int64)
    case cannotWrite(String)
  }

  /// 100 bytes out for each one in: text compresses 5 to 20 times; a bomb, a thousand times.
  package static let maximumRatio: Int64 = 100
  /// Below this many bytes no ratio is suspicious.
  private static let harmlessByteCount: Int64 = 16 << 20

  /// - Parameter pattern: a member's name, or `*.csv` for the only one with that ending.
  /// - Returns: the member's name.
  package static func extract(
    _ pattern: String, from archivePath: String, to target: String, maximumBytes: Int64
  ) throws -> String {
    guard let archive = archive_read_new() else { throw Failure.unreadable("no memory") }
    defer { archive_read_free(archive) }
    archive_read_support_format_zip(archive)
    archive_read_support_format_tar(archive)
    archive_read_support_filter_gzip(archive)
    guard archive_read_open_filename(archive, archivePath, 64 * 1024) == Int32(AKER_ARCHIVE_OK) else {
      throw unreadable(archive)
    }
    var status = stat()
    stat(archivePath, &status)
    let limit = min(maximumBytes, max(harmlessByteCount, Int64(status.st_size) * maximumRatio))
    var names: [String] = []
    var found: String?
    var entry: OpaquePointer?
    while true {
      let result = archive_read_next_header(archive, &entry)
      if result == Int32(AKER_ARCHIVE_EOF) { break }
      guard result == Int32(AKER_ARCHIVE_OK), let entry else { throw unreadable(archive) }
      let name = (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) } ?? ""
      guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains("..") else {
        throw Failure.unsafeName(name)
      }
      // Links, devices and folders hold no data of their own.
      guard archive_entry_filetype(entry) == S_IFREG else { continue }
      names.append(name)
      guard matches(name, pattern) else { continue }
      guard found == nil else { throw Failure.noMember("only one \(pattern)", of: names) }
      found = name
      try write(archive, to: target, limit: limit)
    }
    guard let found else { throw Failure.noMember(pattern, of: Array(names.prefix(20))) }
    return found
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    if pattern.hasPrefix("*") { return name.lowercased().hasSuffix(pattern.dropFirst().lowercased()) }
    return name == pattern || name.hasSuffix("/" + pattern)
  }

  private static func write(_ archive: OpaquePointer, to target: String, limit: Int64) throws {
    let descriptor = open(target, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure.cannotWrite(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    var total: Int64 = 0
    while true {
      let count = archive_read_data(archive, &buffer, buffer.count)
      if count == 0 { return }
      guard count > 0 else { throw unreadable(archive) }
      total += Int64(count)
      guard total <= limit else { throw Failure.tooLarge(limit: limit) }
      var start = 0
      while start < count {
        // The buffer is not empty, so it has an address.
        let written = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + start, count - start) }
        guard written > 0 else { throw Failure.cannotWrite(String(cString: strerror(errno))) }
        start += written
      }
    }
  }

  private static func unreadable(_ archive: OpaquePointer) -> Failure {
    .unreadable(archive_error_string(archive).map { String(cString: $0) } ?? "not an archive")
  }
}
