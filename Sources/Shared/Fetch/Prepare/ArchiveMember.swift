internal import CLibarchive
internal import Glibc
internal import Base

/// Takes files out of a zip (or tar) that came from elsewhere: by names that lead nowhere else, and no larger than they may be.
package enum ArchiveMember {
  package enum Failure: Error, Equatable {
    case unreadable(String)
    /// A member whose name is absolute, or climbs with `..`: such an archive is not looked at any further.
    case unsafeName(String)
    case noMember(String, of: [String])
    case tooLarge(limit: Int64)
    case cannotWrite(String)

    package var summary: String {
      switch self {
      case .unreadable(let why): "the archive cannot be read: \(why)"
      case .unsafeName(let name): "the archive has a member that would be written elsewhere: '\(name)'"
      case .noMember(let pattern, let names):
        "the archive has no '\(pattern)', but \(names.joined(separator: ", "))"
      case .tooLarge(let limit): "the archive's content is larger than \(limit.counted("byte"))"
      case .cannotWrite(let why): "a member of the archive cannot be written: \(why)"
      }
    }
  }

  /// 100 bytes out for each one in: text compresses 5 to 20 times; a bomb, a thousand times.
  package static let maximumRatio: Int64 = 100
  /// Below this many bytes no ratio is suspicious.
  private static let harmlessByteCount: Int64 = 16 << 20

  /// - Parameters:
  ///   - pattern: a member's name, or a glob such as `*.csv`, in any case of letters; against the whole name where it has
  ///     a slash, else against the last part.
  ///   - companions: endings of files that belong to one that fits, and are taken out with it.
  ///   - folder: where members go, under their names.
  /// - Returns: the names of the members that fit, in the archive's order.
  package static func extract(
    _ pattern: String, companions: [String] = [], from archivePath: String, into folder: String, maximumBytes: Int64
  ) throws -> [String] {
    try extract(
      pattern, companions: companions, from: archivePath, into: folder, maximumBytes: maximumBytes,
      cancellation: BlockingWork.Cancellation())
  }

  static func extract(
    _ pattern: String, companions: [String], from archivePath: String, into folder: String, maximumBytes: Int64,
    cancellation: BlockingWork.Cancellation
  ) throws -> [String] {
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
    var found: [String] = []
    var byteCount: Int64 = 0
    var entry: OpaquePointer?
    while true {
      let result = archive_read_next_header(archive, &entry)
      if result == Int32(AKER_ARCHIVE_EOF) { break }
      guard result == Int32(AKER_ARCHIVE_OK), let entry else { throw unreadable(archive) }
      let name = (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) } ?? ""
      guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains("..") else {
        throw Failure.unsafeName(name)
      }
      // Links, devices and folders hold no data of their own; what macOS adds has no data of the source's.
      guard archive_entry_filetype(entry) == S_IFREG, !name.hasPrefix("__MACOSX/") else { continue }
      names.append(name)
      let fits = matches(name, pattern)
      guard fits || companions.contains(where: { belongs(name, ending: $0, to: pattern) }) else { continue }
      if fits { found.append(name) }
      try makeFolders(above: folder + "/" + name)
      byteCount += try write(archive, to: folder + "/" + name, limit: limit - byteCount, total: limit, cancellation)
    }
    if found.isEmpty { throw Failure.noMember(pattern, of: Array(names.prefix(20))) }
    return found
  }

  /// Whether `name`, with another ending than its own, would be a member that fits.
  private static func belongs(_ name: String, ending: String, to pattern: String) -> Bool {
    guard name.lowercased().hasSuffix("." + ending), let stem = name.lastIndex(of: "."),
      let dot = pattern.lastIndex(of: ".")
    else { return false }
    return matches(String(name[..<stem] + pattern[dot...]), pattern)
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    let compared = pattern.contains("/") ? name : String(name.split(separator: "/").last ?? "")
    return fnmatch(pattern.lowercased(), compared.lowercased(), 0) == 0
  }

  static func makeFolders(above path: String) throws {
    for index in path.indices where path[index] == "/" && index != path.startIndex {
      let folder = String(path[..<index])
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw Failure.cannotWrite("\(folder): \(String(cString: strerror(errno)))")
      }
    }
  }

  private static func write(
    _ archive: OpaquePointer, to target: String, limit: Int64, total: Int64,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> Int64 {
    let descriptor = open(target, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure.cannotWrite("\(target): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    var written: Int64 = 0
    while true {
      try cancellation.check()
      let count = archive_read_data(archive, &buffer, buffer.count)
      if count == 0 { return written }
      guard count > 0 else { throw unreadable(archive) }
      written += Int64(count)
      guard written <= limit else { throw Failure.tooLarge(limit: total) }
      var start = 0
      while start < count {
        // The buffer is not empty, so it has an address.
        let size = buffer.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + start, count - start) }
        guard size > 0 else { throw Failure.cannotWrite("\(target): \(String(cString: strerror(errno)))") }
        start += size
      }
    }
  }

  private static func unreadable(_ archive: OpaquePointer) -> Failure {
    .unreadable(archive_error_string(archive).map { String(cString: $0) } ?? "not an archive")
  }
}
