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
    /// A member whose bytes are not those that the archive says.
    case damaged(String, why: String)
    /// A member that nobody here can read: a method of compression that is not known, or a password.
    case unsupported(String, why: String)
    /// Two members of one name, of which nothing says which one counts.
    case sameName(String)

    package var summary: String {
      switch self {
      case .unreadable(let why): "the archive cannot be read: \(why)"
      case .unsafeName(let name): "the archive has a member that would be written elsewhere: '\(name)'"
      case .noMember(let pattern, let names):
        "the archive has no '\(pattern)', but \(names.isEmpty ? "no file at all" : names.joined(separator: ", "))"
      case .tooLarge(let limit): "the archive's content is larger than \(limit.counted("byte"))"
      case .damaged(let name, let why): "the archive's '\(name)' is damaged: \(why)"
      case .unsupported(let name, let why): "the archive's '\(name)' cannot be read: \(why)"
      case .sameName(let name): "the archive has '\(name)' twice, and nothing says which one counts"
      case .cannotWrite(let why): "a member of the archive cannot be written: \(why)"
      }
    }
  }

  /// A file that was taken out.
  struct Extracted: Equatable {
    /// Below the folder.
    var name: String
    /// Whether it is a `.gz` of the member, since it would be large as it is.
    var isFolded: Bool
  }

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
      cancellation: BlockingWork.Cancellation()
    ).map(\.name)
  }

  /// - Parameter foldedFrom: members of a zip that have so many bytes may stay folded, as `.gz`; nil for none.
  static func extract(
    _ pattern: String, companions: [String], from archivePath: String, into folder: String, maximumBytes: Int64,
    foldedFrom: Int64? = nil, cancellation: BlockingWork.Cancellation
  ) throws -> [Extracted] {
    try inUTF8 {
      try take(
        pattern, companions: companions, from: archivePath, into: folder, maximumBytes: maximumBytes,
        foldedFrom: foldedFrom, cancellation: cancellation)
    }
  }

  /// libarchive reads names by the thread's locale, and has none for letters that it lacks: not even ü, where nobody set one.
  private static func inUTF8<Result>(_ body: () throws -> Result) rethrows -> Result {
    // 1: LC_CTYPE alone, as a mask.
    guard let locale = newlocale(1, "C.UTF-8", nil) else { return try body() }
    let before = uselocale(locale)
    defer {
      uselocale(before)
      freelocale(locale)
    }
    return try body()
  }

  private static func take(
    _ pattern: String, companions: [String], from archivePath: String, into folder: String, maximumBytes: Int64,
    foldedFrom: Int64?, cancellation: BlockingWork.Cancellation
  ) throws -> [Extracted] {
    let archive = try opened(archivePath)
    defer { archive_read_free(archive) }
    let limit = min(maximumBytes, ExpansionBudget.limit(ofFile: archivePath))
    var targets: Set<String> = []
    var names: [String] = []
    var found: [Extracted] = []
    var byteCount: Int64 = 0
    while let entry = try next(of: archive) {
      let name = name(of: entry)
      guard !name.hasPrefix("/"), !name.contains("\\"), !name.split(separator: "/").contains("..") else {
        throw Failure.unsafeName(name)
      }
      // Links, devices and folders hold no data of their own; what macOS adds has no data of the source's.
      guard archive_entry_filetype(entry) == S_IFREG, !isOfMacOS(name) else { continue }
      names.append(name)
      let fits = matches(name, pattern)
      guard fits || companions.contains(where: { belongs(name, ending: $0, to: pattern) }) else { continue }
      // However it is written: a//b and ./a/b are a/b.
      guard targets.insert(name.split(separator: "/").filter { $0 != "." }.joined(separator: "/")).inserted else {
        throw Failure.sameName(name)
      }
      try makeFolders(above: folder + "/" + name)
      do {
        if fits, let foldedFrom,
          try fold(name, of: foldedFrom, from: archivePath, to: folder + "/" + name + ".gz", cancellation)
        {
          found.append(Extracted(name: name + ".gz", isFolded: true))
          continue
        }
        if fits { found.append(Extracted(name: name, isFolded: false)) }
        var output = try OutputFile(folder + "/" + name, cancellation)
        byteCount += try read(archive, name, limit: limit - byteCount, total: limit, cancellation) {
          try output.write($0)
        }
        try output.flush()
      } catch let failure as OutputFile.Failure {
        throw Failure.cannotWrite(failure.why)
      }
    }
    if found.isEmpty { throw Failure.noMember(pattern, of: Array(names.prefix(20))) }
    return found
  }

  /// What macOS keeps beside files: in a folder of its own, or as `._name` beside `name`.
  private static func isOfMacOS(_ name: String) -> Bool {
    name.hasPrefix("__MACOSX/") || name.split(separator: "/").last?.hasPrefix("._") == true
  }

  /// The next member; nil at the end. A name in an encoding that nobody states is a warning, and no reason to refuse it.
  private static func next(of archive: OpaquePointer) throws -> OpaquePointer? {
    var entry: OpaquePointer?
    let result = archive_read_next_header(archive, &entry)
    if result == Int32(AKER_ARCHIVE_EOF) { return nil }
    guard [AKER_ARCHIVE_OK, AKER_ARCHIVE_WARN].contains(where: { Int32($0) == result }), let entry else {
      throw unreadable(archive)
    }
    return entry
  }

  /// - Returns: whether it could be; else nothing is left of it.
  private static func fold(
    _ name: String, of byteCount: Int64, from archivePath: String, to target: String,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> Bool {
    guard let place = ZipDirectory.deflated(name, in: archivePath), place.unfoldedByteCount >= byteCount
    else { return false }
    var output = try OutputFile(target, cancellation)
    let isWhole = try place.write(from: archivePath, to: &output)
    try output.flush()
    if !isWhole { unlink(target) }
    return isWhole
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

  /// Reads every member to its end, which tells whether it has the CRC and the length that the archive says.
  ///
  /// - Throws: `DocumentIntegrity.Damage`; `Failure.tooLarge`.
  static func check(_ archivePath: String, _ cancellation: BlockingWork.Cancellation) throws {
    try inUTF8 { try readAll(archivePath, cancellation) }
  }

  private static func readAll(_ archivePath: String, _ cancellation: BlockingWork.Cancellation) throws {
    do {
      let archive = try opened(archivePath)
      defer { archive_read_free(archive) }
      let limit = ExpansionBudget.limit(ofFile: archivePath)
      var byteCount: Int64 = 0
      while let entry = try next(of: archive) {
        let name = name(of: entry)
        do {
          byteCount += try read(archive, name, limit: limit - byteCount, total: limit, cancellation) { _ in }
        } catch Failure.unsupported {
          // Of no concern where nobody wants the member; where somebody does, taking it out says so.
        }
      }
    } catch Failure.unreadable(let why) {
      throw DocumentIntegrity.Damage(why: "its directory of members cannot be read: \(why)")
    } catch let failure as Failure {
      guard case .damaged = failure else { throw failure }
      throw DocumentIntegrity.Damage(why: failure.summary)
    }
  }

  private static func opened(_ path: String) throws -> OpaquePointer {
    guard let archive = archive_read_new() else { throw Failure.unreadable("no memory") }
    // By its directory, which is at its end: what has lost that was cut. What stands between members is none of them.
    archive_read_support_format_zip_seekable(archive)
    archive_read_support_format_tar(archive)
    archive_read_support_filter_gzip(archive)
    guard archive_read_open_filename(archive, path, 64 * 1024) == Int32(AKER_ARCHIVE_OK) else {
      let failure = unreadable(archive)
      archive_read_free(archive)
      throw failure
    }
    return archive
  }

  private static func name(of entry: OpaquePointer) -> String {
    (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) } ?? ""
  }

  /// - Returns: how many bytes the member has.
  private static func read(
    _ archive: OpaquePointer, _ name: String, limit: Int64, total: Int64, _ cancellation: BlockingWork.Cancellation,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int64 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    defer { buffer.deallocate() }
    var byteCount: Int64 = 0
    while true {
      try cancellation.check()
      let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
      if count == 0 { return byteCount }
      if count < 0 {
        let why = archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be read"
        if count == Int(AKER_ARCHIVE_FAILED) { throw Failure.unsupported(name, why: why) }
        throw Failure.damaged(name, why: why)
      }
      byteCount += Int64(count)
      guard byteCount <= limit else { throw Failure.tooLarge(limit: total) }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private static func unreadable(_ archive: OpaquePointer) -> Failure {
    .unreadable(archive_error_string(archive).map { String(cString: $0) } ?? "not an archive")
  }
}
