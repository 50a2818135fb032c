import Base
import UnixSignals

/// The signals that ask a command to end.
enum Interruption {
  static let signals: [UnixSignal] = [.sigint, .sigterm] + (Hangup.isHeard ? [.sighup] : [])

  /// Returns when one comes, or the task is cancelled.
  static func wait() async {
    for await _ in await UnixSignalsSequence(trapping: signals) { break }
  }
}
