import Console
import FoundationEssentials

/// A JSON object a line, at each look: for programs that watch.
final class JSONDisplay: Display {
  func show(_ snapshot: Snapshot) {
    line(SnapshotRecord(snapshot, at: .now))
  }

  func note(_ text: String) {
    Terminal.standardError.write(text + "\n")
  }

  func end(_ snapshot: Snapshot) {}

  func abandon() {}

  private func line(_ record: SnapshotRecord) {
    do {
      try printJSONLine(record)
    } catch {
      note("a snapshot cannot be written: \(error)")
    }
  }
}
