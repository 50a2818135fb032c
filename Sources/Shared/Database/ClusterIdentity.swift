internal import FoundationEssentials
internal import Glibc

/// Which cluster this is: a name that its server is started with and tells everybody, beside the data that it is for.
///
/// The data are known by their folder's number in the file system, which a copy does not share and a move keeps. So what
/// was copied is not taken for the original; it gets a name of its own.
struct ClusterIdentity: Equatable {
  let id: String
  /// The data folder's inode.
  let inode: UInt64
  /// The data folder's device: as it is now, since it may change from one boot to the next.
  let device: UInt64

  /// The server's `cluster_name`.
  var name: String { "aker-" + id }

  /// The name of a folder outside of the cluster's that is this one's alone.
  var place: String { "\(id.prefix(16))-\(String(device, radix: 36))-\(String(inode, radix: 36))" }

  static func path(in directory: String) -> String { directory + "/identity" }

  /// Nil where there are no data yet, or where they are not those that the note is about.
  static func current(in directory: String) -> ClusterIdentity? {
    var status = stat()
    guard stat(directory + "/data", &status) == 0,
      let note = FileManager.default.contents(atPath: path(in: directory))
    else { return nil }
    let words = String(decoding: note, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 2, words[0].count == 32, words[0].allSatisfy(\.isHexDigit),
      let inode = UInt64(words[1]), inode == UInt64(status.st_ino)
    else { return nil }
    return ClusterIdentity(id: String(words[0]), inode: inode, device: UInt64(status.st_dev))
  }

  /// The current one; a new one for new data, a copy, or a folder that came from another file system. Under the lock.
  static func settled(in directory: String, owner: ServerOwner?) throws -> ClusterIdentity {
    if let current = current(in: directory) { return current }
    var status = stat()
    guard stat(directory + "/data", &status) == 0 else {
      throw EmbeddedClusterError.unwritable(directory + "/data", String(cString: strerror(errno)))
    }
    let id = (0..<4).map { _ in hex(UInt32.random(in: .min ... .max)) }.joined()
    let path = path(in: directory)
    do {
      try Data("\(id) \(status.st_ino)\n".utf8).write(to: URL(filePath: path), options: .atomic)
      try owner?.take(path, mode: 0o600)
    } catch {
      throw EmbeddedClusterError.unwritable(path, "\(error)")
    }
    return ClusterIdentity(id: id, inode: UInt64(status.st_ino), device: UInt64(status.st_dev))
  }

  private static func hex(_ number: UInt32) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
