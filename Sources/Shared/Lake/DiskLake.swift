internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Telemetry

/// The lake as a folder. Staged files lie in the same file system, so that giving them their name is one rename.
package struct DiskLake: LakeStore {
  package let location: String
  package var isShared: Bool { false }

  /// - Parameter directory: `<AKER_CACHE_PATH>/data_lake`; created when first written to.
  package init(directory: String) {
    location = directory
  }

  private func absolute(_ path: String) -> String { location + "/" + path }

  /// Off the cooperative pool, and as a wait that can be seen: a mount may hang for as long as it likes.
  private func work<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await AttemptWaits.wait(for: "the lake \(location)") { try await BlockingWork.run { _ in try body() } }
  }

  package func identity() async throws -> String? {
    try await work {
      let path = absolute(LakeIdentity.fileName)
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        if errno == ENOENT { return nil }
        throw LakeError.io("read", path, errno)
      }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: LakeIdentity.mostBytes)
      let count = read(descriptor, &bytes, bytes.count)
      guard count >= 0 else { throw LakeError.io("read", path, errno) }
      return LakeIdentity.id(in: bytes[..<count])
    }
  }

  package func setIdentity(_ id: String) async throws {
    try await work {
      try Self.makeFolders(location)
      let path = absolute(LakeIdentity.fileName)
      let partial = path + "-\(getpid())"
      let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw LakeError.io("create", partial, errno) }
      let text = Array((id + "\n").utf8)
      let isWritten = write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
      let code = errno
      close(descriptor)
      guard isWritten else {
        unlink(partial)
        throw LakeError.io("write", partial, code)
      }
      try Self.rename(partial, path)
      try Self.sync(location)
    }
  }

  package func prepareStaging(_ staging: String) async throws -> String {
    try await work {
      let folder = absolute(staging)
      try Self.removeTree(folder)
      try Self.makeFolders(folder)
      return folder
    }
  }

  package func stage(_ staging: String) async throws {
    try await work {
      for name in try Self.entries(absolute(staging)) where LakePath.isPublished(name) {
        try Self.sync(absolute(staging) + "/" + name)
      }
      try Self.sync(absolute(staging))
    }
  }

  package func place(_ staging: String, at path: String) async throws -> Bool {
    try await work {
      let folder = absolute(staging)
      let names = try Self.entries(folder)
      let fileName = path.split(separator: "/").last.map(String.init) ?? path
      guard names.contains(fileName) else { return false }
      let target = absolute(path)
      let targetFolder = LakePath.folder(of: target)
      try Self.makeFolders(targetFolder)
      let reports = names.filter { $0 != fileName && $0.hasPrefix("validation.") }
      if !reports.isEmpty {
        let reportFolder = absolute(LakePath.reports(beside: path))
        try Self.makeFolders(reportFolder)
        for name in reports { _ = try Self.take(folder + "/" + name, to: reportFolder + "/" + name) }
      }
      // Somebody else (its own worker, or a repair) places it, too, and may be quicker.
      guard try Self.take(folder + "/" + fileName, to: target) else { return false }
      try Self.sync(targetFolder)
      try Self.removeTree(folder)
      return true
    }
  }

  package func byteCount(_ path: String) async throws -> Int? {
    try await work {
      var status = stat()
      guard stat(absolute(path), &status) == 0 else {
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw LakeError.io("look at", absolute(path), errno)
      }
      return Int(status.st_size)
    }
  }

  package func sha256(_ path: String) async throws -> String? {
    try await byteCount(path) == nil ? nil : try await SHA256.hash(ofFile: absolute(path)).sha256
  }

  package func localFile(_ path: String, scratch: String) async throws -> String? {
    guard try await byteCount(path) != nil else { return nil }
    return try await work {
      // A name of the reader's own, below which the path is the same: the file stays for it when another takes its place.
      let own = scratch + "/" + path
      try Self.makeFolders(LakePath.folder(of: own))
      unlink(own)
      if link(absolute(path), own) == 0 { return own }
      guard errno != ENOENT else { return nil }
      // The scratch folder is in another file system, or there are no hard links.
      do {
        try FileCopy.make(of: absolute(path), at: own)
      } catch let error as FileError {
        throw LakeError.io("copy \(absolute(path)) to", own, error.code)
      }
      return own
    }
  }

  package func stagingNames() async throws -> [String] {
    try await work {
      // What begins with a dot is no attempt's.
      try Self.entries(absolute(LakePath.staging)).filter { !$0.hasPrefix(".") }.sorted()
    }
  }

  package func removeStaging(_ staging: String) async throws {
    try await work {
      try Self.removeTree(absolute(staging))
    }
  }

  package func files() async throws -> [String] {
    try await work {
      var found: [String] = []
      func visit(_ folder: String) throws {
        for name in try Self.entries(folder.isEmpty ? location : absolute(folder)).sorted() {
          if name.hasPrefix(".") || name.hasPrefix("_") { continue }
          let path = folder.isEmpty ? name : folder + "/" + name
          if Self.isFolder(absolute(path)) {
            try visit(path)
          } else if name.hasSuffix(".parquet") {
            found.append(path)
          }
        }
      }
      try visit("")
      return found
    }
  }

  package func remove(_ path: String) async throws {
    try await work {
      guard unlink(absolute(path)) == 0 || errno == ENOENT else { throw LakeError.io("remove", absolute(path), errno) }
      // Empty folders above it go too; rmdir refuses the others.
      var folder = LakePath.folder(of: path)
      try Self.removeTree(absolute(folder) + "/_validation")
      while !folder.isEmpty, rmdir(absolute(folder)) == 0 { folder = LakePath.folder(of: folder) }
    }
  }

  package func unfinishedUploads() async throws -> [UnfinishedUpload] { [] }

  package func abort(_ upload: UnfinishedUpload) async throws {}

  // MARK: The file system

  /// - Returns: false where it is there no more.
  private static func take(_ from: String, to: String) throws -> Bool {
    do {
      try rename(from, to)
    } catch LakeError.system(_, _, ENOENT, _) {
      var status = stat()
      // The folder that it goes to may be what is gone.
      guard stat(from, &status) != 0 else { throw LakeError.io("rename \(from) to", to, ENOENT) }
      return false
    }
    return true
  }

  private static func rename(_ from: String, _ to: String) throws {
    guard Glibc.rename(from, to) == 0 else { throw LakeError.io("rename \(from) to", to, errno) }
  }

  package static func makeFolders(_ path: String) throws {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT else { throw LakeError.io("create", path, errno) }
    let parent = LakePath.folder(of: path)
    guard !parent.isEmpty else { throw LakeError.io("create", path, ENOENT) }
    try makeFolders(parent)
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw LakeError.io("create", path, errno) }
  }

  /// Names in a folder; none where there is no such folder.
  static func entries(_ path: String) throws -> [String] {
    guard let stream = opendir(path) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw LakeError.io("list", path, errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func removeTree(_ path: String) throws {
    if isFolder(path) {
      for name in try entries(path) { try removeTree(path + "/" + name) }
      guard rmdir(path) == 0 || errno == ENOENT else { throw LakeError.io("remove", path, errno) }
    } else if unlink(path) != 0, errno != ENOENT, errno != ENOTDIR {
      throw LakeError.io("remove", path, errno)
    }
  }

  /// Makes a file's content, or a folder's names, survive a power cut.
  private static func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LakeError.io("open", path, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw LakeError.io("write", path, errno) }
  }
}
