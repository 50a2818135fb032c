import FoundationEssentials
import Glibc

/// A memory control group of the kernel's, to take memory from processes while they run: it ends those that ask for more.
package struct MemoryGroup: Sendable {
  private let root: String
  private let isUnified: Bool
  private var directory: String { root + "/aker-test-\(getpid())" }

  /// Nil where none may be made: it takes root, and a memory controller at hand.
  /// - Parameter byteCount: what all its processes may have, beside what they had before.
  package static func make(byteCount: Int) -> MemoryGroup? {
    let isUnified = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")
    let group = MemoryGroup(root: isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", isUnified: isUnified)
    guard mkdir(group.directory, 0o755) == 0 else { return nil }
    guard group.write("\(byteCount)", to: group.directory, isUnified ? "memory.max" : "memory.limit_in_bytes") else {
      rmdir(group.directory)
      return nil
    }
    AtExit.run { group.remove() }
    return group
  }

  /// What a process has started, and what that starts from now on.
  package func takeChildren(of process: Int32) {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    for thread in threads {
      guard let children = FileManager.default.contents(atPath: "/proc/\(process)/task/\(thread)/children") else {
        continue
      }
      for child in String(decoding: children, as: UTF8.self).split(separator: " ") {
        _ = write(String(child), to: directory, "cgroup.procs")
      }
    }
  }

  /// All that are in it go back to the group that this process is in.
  package func release() {
    let own =
      FileManager.default.contents(atPath: "/proc/self/cgroup").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let lines = own.split(separator: "\n").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    }
    let line = lines.first {
      $0.count == 3 && (isUnified ? $0[0] == "0" : $0[1].split(separator: ",").contains("memory"))
    }
    for process in read("cgroup.procs").split(separator: "\n") {
      _ = write(String(process), to: root + (line?[2] ?? ""), "cgroup.procs")
    }
  }

  /// How many processes the kernel has ended for want of memory.
  package var killCount: Int {
    read(isUnified ? "memory.events" : "memory.oom_control").split(separator: "\n")
      .first { $0.hasPrefix("oom_kill ") }.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
  }

  private func remove() {
    release()
    rmdir(directory)
  }

  private func read(_ name: String) -> String {
    FileManager.default.contents(atPath: "\(directory)/\(name)").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  private func write(_ text: String, to directory: String, _ name: String) -> Bool {
    let file = open("\(directory)/\(name)", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == text.utf8.count
  }
}
