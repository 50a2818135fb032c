import FoundationEssentials
import Glibc
import Testing

/// A file system of a few MiB in memory, to be filled.
package struct SmallDisk: Sendable {
  package let directory: String

  /// Mounts it at a folder, which is made where there is none, for as long as `body` runs. Says so and does nothing where
  /// mounting is not allowed.
  package static func mounted(
    at directory: String, byteCount: Int, _ body: (SmallDisk) async throws -> Void
  ) async throws {
    try await mountedIfAllowed(at: directory, byteCount: byteCount) { disk in
      if let disk {
        try await body(disk)
      } else {
        print("a full disk: not tested, since mounting a tmpfs is not allowed here")
      }
    }
  }

  /// The same, with nil and an ordinary folder where mounting is not allowed.
  package static func mountedIfAllowed(
    at directory: String, byteCount: Int, _ body: (SmallDisk?) async throws -> Void
  ) async throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    guard let disk = try await mount(at: directory, byteCount: byteCount) else { return try await body(nil) }
    do {
      try await body(disk)
    } catch {
      _ = try await Program.run("umount", ["-l", directory])
      throw error
    }
    _ = try await Program.run("umount", ["-l", directory])
  }

  /// Until somebody unmounts it; nil where mounting is not allowed.
  static func mount(at directory: String, byteCount: Int) async throws -> SmallDisk? {
    let mounted = try await Program.run("mount", ["-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", directory])
    return mounted.exitCode == 0 ? SmallDisk(directory: directory) : nil
  }

  private var ballast: String { directory + "/.ballast" }

  /// Takes all room but so many bytes.
  package func fill(leaving room: Int) throws {
    unlink(ballast)
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { throw TestFailure("statvfs: \(errno)") }
    let free = Int(status.f_bavail) * Int(status.f_bsize)
    let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    guard posix_fallocate(descriptor, 0, free - room) == 0 else { throw TestFailure("no ballast of \(free - room)") }
  }

  /// Gives the room back.
  package func empty() {
    unlink(ballast)
  }

  /// Is no larger than what lies there and so many bytes; whoever writes meanwhile may have to be waited for.
  package func shrink(leaving room: Int) async throws {
    for attempt in 1... {
      var status = statvfs()
      guard statvfs(directory, &status) == 0 else { throw TestFailure("statvfs: \(errno)") }
      let used = (Int(status.f_blocks) - Int(status.f_bfree)) * Int(status.f_bsize)
      do { return try await remount("size=\(used + room)") } catch  where attempt < 10 {}
    }
  }

  package func grow(to byteCount: Int) async throws { try await remount("size=\(byteCount)") }

  /// Takes all names but so many, as where a file system has run out of inodes.
  package func limitNames(leaving count: Int) async throws {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { throw TestFailure("statvfs: \(errno)") }
    try await remount("nr_inodes=\(Int(status.f_files) - Int(status.f_ffree) + count)")
  }

  package func unlimitNames() async throws {
    try await remount("nr_inodes=100000")
  }

  package func remount(_ option: String) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while true {
      let result = try await Program.run("mount", ["-o", "remount,\(option)", directory])
      if result.exitCode == 0 { return }
      // Until it has become its program, a process that another test starts has what is open here open as well.
      guard result.errorOutput.contains("busy"), ContinuousClock.now < deadline else {
        throw TestFailure("remount: \(result)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
