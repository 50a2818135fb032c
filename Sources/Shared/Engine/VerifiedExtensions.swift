internal import Glibc
internal import Synchronization

/// Which files of extensions DuckDB has found to be signed in this process.
///
/// DuckDB hashes an extension at each load, and a process runs one script: of the 80 MB of the spatial one that is a fifth
/// of a second of processor time for each partition. So it is done once for a file that stays the same. Who could put
/// another in its place unseen could replace DuckDB's program, too.
struct VerifiedExtensions {
  /// What a file is known by: whoever replaces or writes it changes one of these.
  private struct Identity: Hashable {
    let path: String
    let device: UInt64
    let inode: UInt64
    let byteCount: Int64
    /// When its contents and when anything of it changed, in nanoseconds.
    let times: [Int64]
  }

  private static let verified = Mutex<Set<Identity>>([])

  private let files: Set<Identity>
  /// Whether one of them is missing, or cannot be looked at: then DuckDB says why.
  private let isComplete: Bool

  /// As the files are now.
  init(_ paths: [String]) {
    let found = paths.compactMap(Self.identity)
    files = Set(found)
    isComplete = found.count == paths.count
  }

  /// Whether DuckDB has accepted each of them as it is.
  var areVerified: Bool { isComplete && Self.verified.withLock { files.isSubset(of: $0) } }

  /// To be called when a script has ended well in which DuckDB checked them.
  func remember() {
    guard isComplete else { return }
    Self.verified.withLock { $0.formUnion(files) }
  }

  private static func identity(_ path: String) -> Identity? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let times = [status.st_mtim, status.st_ctim].map { Int64($0.tv_sec) * 1_000_000_000 + Int64($0.tv_nsec) }
    return Identity(
      path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), byteCount: Int64(status.st_size),
      times: times)
  }
}
