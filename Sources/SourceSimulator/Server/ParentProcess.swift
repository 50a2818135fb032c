import Glibc

/// The process that started this one.
enum ParentProcess {
  /// 500 ms: soon enough for leftovers, and no load. PR_SET_PDEATHSIG would follow the parent's thread, not its process.
  static let interval = Duration.milliseconds(500)

  /// Returns when the parent has ended: this process then has another one.
  static func end() async throws {
    let parent = getppid()
    while getppid() == parent { try await Task.sleep(for: interval) }
  }
}
