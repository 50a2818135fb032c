import Synchronization

/// Closed until somebody opens it.
final class Turnstile: Sendable {
  private let state = Mutex(false)
  var isOpen: Bool { state.withLock { $0 } }
  func open() { state.withLock { $0 = true } }
}
