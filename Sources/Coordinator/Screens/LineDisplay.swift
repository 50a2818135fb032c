import Base
import Console

/// A line when something changed: for logs, pipes and CI.
final class LineDisplay: Display {
  private let terminal = Terminal.standardOutput
  private var lastWaits: [String] = []
  private var lastCounts: Snapshot.Counts?
  private var knownFailures: [Snapshot.Failure] = []

  func show(_ snapshot: Snapshot) {
    for failure in snapshot.failures.reversed() where !knownFailures.contains(failure) {
      terminal.write(
        "\(failure.isFinal ? "failed" : "will be retried"): \(failure.partition) (task \(failure.taskID)): \(failure.errorClass.rawValue): \(failure.reason)\n"
      )
      knownFailures.append(failure)
    }
    if snapshot.waits != lastWaits {
      lastWaits = snapshot.waits
      for wait in snapshot.waits { terminal.write("waiting: \(wait)\n") }
    }
    guard snapshot.counts != lastCounts else { return }
    lastCounts = snapshot.counts
    let counts = snapshot.counts
    var parts = ["\(counts.finished) of \(counts.total) done"]
    if counts.failed > 0 { parts.append("\(counts.failed) failed") }
    if counts.running > 0 { parts.append("\(counts.running) running") }
    if counts.waiting > 0 { parts.append("\(counts.waiting) waiting") }
    if let seconds = snapshot.remainingSeconds, !snapshot.isFinished {
      parts.append("about \(readableDuration(seconds)) left")
    }
    terminal.write(parts.joined(separator: ", ") + "\n")
  }

  func note(_ text: String) {
    terminal.write(text + "\n")
  }

  func end(_ snapshot: Snapshot) {
    let frame = Frame(
      snapshot: snapshot, columns: 100, rows: 1000, style: Style(.standardOutput), unicode: Terminal.isUnicode)
    terminal.write("\n" + frame.rendered() + "\n")
  }

  func abandon() {}
}
