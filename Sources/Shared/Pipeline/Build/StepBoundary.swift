internal import FoundationEssentials
internal import Glibc

/// The places between two steps where a worker can die, by name. In a debug build, `AKER_CRASH_AT=<name>` makes the
/// process kill itself there, as SIGKILL or a power cut would: the tests of exactly-once do so at each of them.
package enum StepBoundary: String, Sendable, CaseIterable {
  case claimed, fetched, built, checked, staged
  case partitionPrepared = "partition-prepared"
  case stagingLoaded = "staging-loaded"
  case fenced
  case rowsReplaced = "rows-replaced"
  case recorded, completed, committed, placed
  case markedInPlace = "marked-in-place"

  package func reached() {
    #if DEBUG
    if Self.crashAt == self { kill(getpid(), SIGKILL) }
    #endif
  }

  #if DEBUG
  private static let crashAt = ProcessInfo.processInfo.environment["AKER_CRASH_AT"].flatMap(StepBoundary.init)
  #endif
}
