internal import FoundationEssentials
internal import Glibc

/// What one DuckDB process may use.
package struct EngineLimits: Sendable {
  package var memoryBytes: Int
  package var threads: Int
  /// Where it spills what does not fit into memory; removed by whoever made it.
  package var temporaryDirectory: String
  /// What it may write at most: its temporary files together, and each of its results.
  package var diskBytes: Int
  /// Whether that is less than was asked for, since the disk has no more.
  var isDiskShort = false
  /// How long it may reckon with all of its threads: the processors' time, and not the clock's.
  package var processorSeconds: Int
  /// 2 GiB, beside twice `memoryBytes`: DuckDB keeps to its limit for what it counts; texts within an expression, GDAL and
  /// the stacks of threads it does not count, and without any limit one `repeat` takes the host's memory.
  var untrackedBytes = 2_147_483_648

  /// As long as a task may take unless told otherwise (`queue.setting.task_timeout_interval`).
  private static let taskSeconds = 7200

  package init(
    memoryBytes: Int, threads: Int, temporaryDirectory: String, diskBytes: Int = 16 << 30,
    processorSeconds: Int? = nil
  ) {
    self.memoryBytes = memoryBytes
    self.threads = threads
    self.temporaryDirectory = temporaryDirectory
    self.diskBytes = diskBytes
    self.processorSeconds = processorSeconds ?? max(2, threads) * Self.taskSeconds
  }
}

extension EngineLimits {
  /// What looking at a statement takes, without a row, many times over. DuckDB reckons a few things while it looks, such as
  /// the arguments of a function that makes rows, which may be made to take for ever.
  var forLooking: EngineLimits {
    var limits = self
    limits.threads = 1
    limits.memoryBytes = min(memoryBytes, HostBudget.unitBytes)
    limits.untrackedBytes = HostBudget.unitBytes
    limits.processorSeconds = min(processorSeconds, 10)
    return limits
  }

  /// The same with no more of the disk than leaves it a part that nobody fills, though all slots of the host fill theirs.
  func withinDisk(slots: Int) -> EngineLimits {
    // There when it is needed: the process may make files in it, and not the folder itself.
    try? FileManager.default.createDirectory(atPath: temporaryDirectory, withIntermediateDirectories: true)
    var limits = self
    var status = statvfs()
    guard statvfs(temporaryDirectory, &status) == 0 else { return limits }
    let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    let room = max(Self.leastRoomBytes, free / (max(1, slots) + 1))
    limits.isDiskShort = room < diskBytes
    limits.diskBytes = min(room, diskBytes)
    return limits
  }

  /// 64 MiB: a disk with less is as good as full, and it is the disk that says so.
  private static let leastRoomBytes = 67_108_864
}
