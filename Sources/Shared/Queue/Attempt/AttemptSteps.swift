internal import Base
internal import FoundationEssentials
internal import Synchronization
package import Telemetry

/// The steps of one attempt as they go, for whoever asks afterwards where it failed and what took long.
package final class AttemptSteps: Sendable {
  package struct Step: Sendable, Equatable, Codable {
    package var step: String
    /// Seconds from the attempt's start to the step's.
    package var after: Double
    /// Nil while it goes on.
    package var seconds: Double?
    /// Whether it came to its end; a step that did not is where the attempt failed.
    package var done: Bool
    package var detail: String?
  }

  /// A document that the attempt had when it ended.
  package struct Input: Sendable, Equatable, Codable {
    package var request: String
    package var source: String
    package var url: String
    package var fetched_at: String
    package var byte_count: Int64
    /// Nil where the source does not offer it.
    package var sha256: String?
    package var cache_hit: Bool

    package init(
      request: String, source: String, url: String, fetchedAt: String, byteCount: Int64, sha256: String?, cacheHit: Bool
    ) {
      self.request = request
      self.source = source
      self.url = url
      self.fetched_at = fetchedAt
      self.byte_count = byteCount
      self.sha256 = sha256
      self.cache_hit = cacheHit
    }
  }

  private struct State {
    var steps: [Step] = []
    var inputs: [Input] = []
    var changed = false
  }

  /// More than a person reads; all of them are in the lineage of what is published.
  private static let mostInputs = 50

  private let startedAt: ContinuousClock.Instant
  private let state = Mutex(State())
  /// What the attempt logged.
  let log: AttemptLog

  package init(startedAt: ContinuousClock.Instant = .now) {
    self.startedAt = startedAt
    log = AttemptLog(startedAt: startedAt)
  }

  package func began(_ step: String, at now: ContinuousClock.Instant = .now) {
    state.withLock {
      $0.steps.append(Step(step: step, after: Self.seconds(now - startedAt), done: false))
      $0.changed = true
    }
  }

  package func ended(_ step: String, detail: String, at now: ContinuousClock.Instant = .now) {
    state.withLock {
      guard let index = $0.steps.lastIndex(where: { $0.step == step && !$0.done }) else { return }
      $0.steps[index].seconds = Self.seconds(now - startedAt) - $0.steps[index].after
      $0.steps[index].done = true
      $0.steps[index].detail = detail.isEmpty ? nil : detail
      $0.changed = true
    }
  }

  /// The steps that came to their end, with how long each took.
  package var finishedSeconds: [(step: String, seconds: Double)] {
    state.withLock { $0.steps.compactMap { step in step.done ? step.seconds.map { (step.step, $0) } : nil } }
  }

  package func read(_ inputs: [Input]) {
    state.withLock {
      $0.inputs = Array(inputs.prefix(Self.mostInputs))
      $0.changed = true
    }
  }

  /// What is known so far; a step that goes on has lasted until `now`.
  func record(at now: ContinuousClock.Instant = .now, _ redaction: Redaction) -> Record {
    state.withLock {
      var record = Record(steps: $0.steps, inputs: $0.inputs, log: log.lines(redaction))
      for index in record.steps.indices {
        record.steps[index].detail = record.steps[index].detail.map { OutsideText.line(redaction($0)) }
        if !record.steps[index].done {
          record.steps[index].seconds = Self.seconds(now - startedAt) - record.steps[index].after
          record.step = record.steps[index].step
        }
      }
      for index in record.inputs.indices {
        record.inputs[index].url = OutsideText.line(redaction(record.inputs[index].url))
      }
      return record
    }
  }

  /// What `queue.note_attempts` keeps.
  ///
  /// - Returns: nil when nothing changed since the last call.
  package func note(_ redaction: Redaction) -> String? {
    let isNew = state.withLock { state in
      defer { state.changed = false }
      return state.changed
    }
    guard isNew else { return nil }
    return (try? JSONEncoder().encode(record(redaction))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What is kept of an attempt that succeeded.
  ///
  /// - Returns: nil where it logged nothing that is worth keeping.
  package func lastWord(_ redaction: Redaction) -> String? {
    guard log.isWorthKeeping else { return nil }
    noteIsUntold()
    return note(redaction)
  }

  /// The queue could not be told of the last note: the next call of `note` gives it again.
  package func noteIsUntold() {
    state.withLock { $0.changed = true }
  }

  struct Record: Encodable {
    /// The one it was in.
    var step: String?
    var steps: [Step]
    var inputs: [Input]
    var log: [AttemptLog.Line]
  }

  /// To the millisecond.
  private static func seconds(_ duration: Duration) -> Double {
    (duration / .milliseconds(1)).rounded() / 1000
  }
}
