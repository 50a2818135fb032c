internal import Synchronization

/// What an attempt waits for, for whoever has to say so and to end what takes too long: a source, a budget, the lake, the
/// database.
///
/// A wait goes on for as long as nothing comes of it: each byte that arrives, and each request that is begun anew, begins
/// its time again.
package final class AttemptWaits: Sendable {
  private struct Wait {
    let what: String
    var since: ContinuousClock.Instant
  }

  private struct State {
    var waits: [Int: Wait] = [:]
    var number = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// What was waited for longest, and for how long; nil while nothing is waited for.
  package func longest(at now: ContinuousClock.Instant = .now) -> (what: String, duration: Duration)? {
    state.withLock { state in
      state.waits.values.min { $0.since < $1.since }.map { ($0.what, now - $0.since) }
    }
  }

  private func begin(_ what: String) -> Int {
    state.withLock {
      $0.number += 1
      $0.waits[$0.number] = Wait(what: what, since: .now)
      return $0.number
    }
  }

  private func end(_ number: Int) { _ = state.withLock { $0.waits.removeValue(forKey: number) } }

  private func goOn(_ number: Int) { state.withLock { $0.waits[number]?.since = .now } }

  // MARK: From where the waiting is done

  @TaskLocal private static var current: AttemptWaits?

  /// Says that something came of the wait that the caller is in; nil outside any. May be called on any thread.
  @TaskLocal package static var progress: (@Sendable () -> Void)?

  /// Tells `waits` of all that is waited for in `body`.
  ///
  /// Not inlined: see `WorkProgress.observed`.
  @inline(never)
  package static func observed<Value>(by waits: AttemptWaits, _ body: () async throws -> Value) async throws -> Value {
    try await $current.withValue(waits, operation: body)
  }

  /// A wait that is under way.
  package struct Ongoing {
    fileprivate let waits: AttemptWaits
    fileprivate let number: Int
    fileprivate let outer: (@Sendable () -> Void)?

    /// Something came of it.
    package func goOn() {
      waits.goOn(number)
      outer?()
    }

    package func end() { waits.end(number) }
  }

  /// Names what is waited for from now on, where no closure can: until `end`, which the caller must call.
  package static func begin(_ what: @autoclosure () -> String) -> Ongoing? {
    current.map { Ongoing(waits: $0, number: $0.begin(what()), outer: progress) }
  }

  /// Names what `body` waits for, as it follows "waited for".
  @inline(never)
  package static func wait<Value>(for what: String, _ body: () async throws -> Value) async throws -> Value {
    guard let current else { return try await body() }
    let number = current.begin(what)
    defer { current.end(number) }
    // What comes of a wait comes of those that it is a part of.
    let outer = progress
    return try await $progress.withValue(
      {
        current.goOn(number)
        outer?()
      }, operation: body)
  }
}
