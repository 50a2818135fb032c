internal import FoundationEssentials
internal import Glibc

/// The user whom the embedded server runs as, where that is not us: Postgres refuses to run as root.
struct ServerOwner: Equatable {
  let uid: uid_t
  let gid: gid_t

  /// The owner of what is there; nil when we are not root, and so can be nobody else.
  static func of(_ path: String) -> ServerOwner? {
    guard geteuid() == 0 else { return nil }
    var status = stat()
    guard stat(path, &status) == 0, status.st_uid != 0 else { return standard }
    return ServerOwner(uid: status.st_uid, gid: status.st_gid)
  }

  /// For a new cluster in a folder: the folder's owner, so that who uses root for a moment is not locked out later.
  static func forNew(_ folder: String) -> ServerOwner? {
    // initdb asks for the user's name.
    guard let owner = of(folder), getpwuid(owner.uid) != nil else { return standard }
    return owner
  }

  /// `postgres` (every package of it makes that user) or `nobody`.
  private static var standard: ServerOwner? {
    guard geteuid() == 0 else { return nil }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) { return ServerOwner(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid) }
    }
    return nil
  }

  /// Makes a file or folder this user's, and nobody else's.
  func take(_ path: String, mode: mode_t = 0o700) throws {
    guard lchown(path, uid, gid) == 0, chmod(path, mode) == 0 else {
      throw EmbeddedClusterError.unwritable(path, String(cString: strerror(errno)))
    }
  }
}
