internal import Glibc

/// An exclusive lock on a file, which the kernel drops when the last process that holds it ends.
struct FolderLock {
  let descriptor: Int32

  /// - Parameters:
  ///   - owner: whose the file is to be when it is made; nil is us.
  ///   - limit: how long to wait for another holder.
  /// - Returns: nil when it is still held then.
  static func take(_ path: String, owner: ServerOwner?, limit: Duration) async throws -> FolderLock? {
    let descriptor = try open(path, owner)
    let deadline = ContinuousClock.now + limit
    do {
      // Polled, so that waiting blocks no thread of the cooperative pool and can be cancelled.
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        guard ContinuousClock.now < deadline else {
          close(descriptor)
          return nil
        }
        try await Task.sleep(for: EmbeddedCluster.pollInterval)
      }
    } catch {
      close(descriptor)
      throw error
    }
    return FolderLock(descriptor: descriptor)
  }

  /// Whether somebody has it. Ask under another lock: a question is a short hold, too.
  static func isHeld(_ path: String, owner: ServerOwner?) throws -> Bool {
    let descriptor = try open(path, owner)
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }

  func release() {
    close(descriptor)
  }

  private static func open(_ path: String, _ owner: ServerOwner?) throws -> Int32 {
    let descriptor = Glibc.open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw EmbeddedClusterError.unwritable(path, String(cString: strerror(errno))) }
    if let owner { fchown(descriptor, owner.uid, owner.gid) }
    return descriptor
  }
}
