internal import FoundationEssentials
internal import Glibc

/// The places between two steps where a worker can die, by name. In a debug build, `AKER_CRASH_AT=<name>` makes the
/// process kill itself there, as SIGKILL or a power cut would, and `AKER_SUSPEND_AT=<name>` makes it stop until SIGCONT:
/// the tests of exactly-once do so.
package enum StepBoundary: String, Sendable, CaseIterable {
  case claimed, fetched, built, checked, staged
  case partitionPrepared = "partition-prepared"
  /// In the middle of a COPY.
  case loading
  case stagingLoaded = "staging-loaded"
  case fenced
  case rowsReplaced = "rows-replaced"
  case recorded, completed, committed, placed
  case markedInPlace = "marked-in-place"

  package func reached() {
    #if DEBUG
    // To this thread: a signal to the process may be taken by another, while this one goes on for a while.
    if Self.crashAt == self { raise(SIGKILL) }
    if Self.suspendAt == self { raise(SIGSTOP) }
    #endif
  }

  #if DEBUG
  private static let crashAt = named(by: "AKER_CRASH_AT")
  private static let suspendAt = named(by: "AKER_SUSPEND_AT")

  private static func named(by variable: String) -> StepBoundary? {
    ProcessInfo.processInfo.environment[variable].flatMap(StepBoundary.init)
  }
  #endif
}
