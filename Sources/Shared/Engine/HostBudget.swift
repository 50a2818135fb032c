internal import Glibc
package import Logging
internal import Telemetry

/// What the DuckDB processes of all workers of one host may use together: memory in units and threads.
///
/// Each unit is a file that whoever uses it keeps locked, and so is each slot of each worker: the kernel lets go of a lock
/// when its process dies. A process takes what its slot's share is now, of what is free; so that the sum never exceeds the
/// whole, however many workers come and go.
package struct HostBudget: Sendable {
  package let memoryBytes: Int
  package let threads: Int
  package let directory: String
  /// Held for as long as the worker lives: its share is counted with them.
  private let slots: [FileLock]

  /// 256 MiB: DuckDB sorts and writes Parquet in this; with less it fails on small partitions already.
  package static let unitBytes = 268_435_456
  /// How long a process waits for its whole share before it takes what there is, while others still use theirs.
  private static let patience = Duration.seconds(2)
  /// How long for any at all: longer than most partitions take to build.
  private static let limit = Duration.seconds(600)
  private static let pause = Duration.milliseconds(50)

  /// - Parameters:
  ///   - slots: of this worker.
  ///   - directory: where the files are; the same for all workers of the host.
  /// - Returns: nil where the folder is not to be had; each worker then goes by its own slots.
  package init?(memoryBytes: Int, threads: Int, slots: Int, directory: String = HostBudget.standardDirectory) {
    mkdir(directory, 0o777)
    chmod(directory, 0o1777)
    guard access(directory, R_OK | W_OK | X_OK) == 0 else { return nil }
    self.memoryBytes = max(Self.unitBytes, memoryBytes)
    self.threads = max(1, threads)
    self.directory = directory
    var taken: [FileLock] = []
    var number = 0
    while taken.count < slots, number < Self.mostSlots {
      if let lock = FileLock(directory + "/slot-\(number)") { taken.append(lock) }
      number += 1
    }
    self.slots = taken
  }

  /// In memory where the host has such a folder, so that it is gone with the host.
  package static var standardDirectory: String {
    access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm/aker-host" : "/tmp/aker-host"
  }

  private static let mostSlots = 4096

  /// Slots of all workers of the host that live now.
  package var slotCount: Int {
    var count = 0
    for number in 0..<Self.mostSlots {
      // The lowest free one is always taken first: where one was never made, there is none beyond.
      guard let isHeld = FileLock.isHeld(directory + "/slot-\(number)") else { break }
      if isHeld { count += 1 }
    }
    return max(count, slots.count, 1)
  }

  /// A process's part; given back when it is let go of.
  package struct Share: Sendable {
    package let memoryBytes: Int
    package let threads: Int
    fileprivate let units: [FileLock]
  }

  /// Waits until the share of a slot is free, or, after a moment, any part of it.
  /// - Throws: `EngineError.hostIsFull` when there is nothing for ten minutes, outside a worker's attempt, whose waits have a
  ///   limit of their own; `CancellationError`.
  package func take(_ logger: Logger) async throws -> Share {
    // Where somebody watches what is waited for, it is theirs to end.
    let wait = AttemptWaits.begin("memory that other tasks of this host have")
    defer { wait?.end() }
    let clock = ContinuousClock()
    let begin = clock.now
    var isTold = false
    while true {
      let slotCount = slotCount
      let unitCount = max(1, memoryBytes / Self.unitBytes)
      let wanted = max(1, unitCount / slotCount)
      let waited = clock.now - begin
      let units = take(wanted, of: unitCount, least: waited < Self.patience ? wanted : 1)
      if !units.isEmpty {
        return Share(
          memoryBytes: units.count * Self.unitBytes, threads: max(1, threads / slotCount), units: units)
      }
      if wait == nil, waited > Self.limit { throw EngineError.hostIsFull(memoryBytes: memoryBytes) }
      if waited > Self.patience, !isTold {
        isTold = true
        logger.info(
          "waits until other tasks of this host let go of memory",
          metadata: ["host_memory": "\(memoryBytes / 1_048_576) MiB", "slots": "\(slotCount)"])
      }
      try await Task.sleep(for: Self.pause)
    }
  }

  private func take(_ wanted: Int, of unitCount: Int, least: Int) -> [FileLock] {
    var units: [FileLock] = []
    for number in 0..<unitCount where units.count < wanted {
      if let lock = FileLock(directory + "/memory-\(number)") { units.append(lock) }
    }
    return units.count >= least ? units : []
  }
}

/// A file that this process has locked, until the last reference to it is gone.
final class FileLock: Sendable {
  private let descriptor: Int32

  /// Nil where somebody else has it.
  init?(_ path: String) {
    let descriptor = Self.open(path, creating: true)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether somebody has it now; nil where there is no such file.
  static func isHeld(_ path: String) -> Bool? {
    let descriptor = open(path, creating: false)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// Read-only is enough for a lock, and lets users of a host share files that another has made.
  private static func open(_ path: String, creating: Bool) -> Int32 {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor < 0, errno == ENOENT, creating else { return descriptor }
    let created = Glibc.open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
    return created >= 0 ? created : Glibc.open(path, O_RDONLY | O_CLOEXEC)
  }
}
