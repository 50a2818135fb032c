import Glibc
import Synchronization

/// Runs what was registered when the test process ends, the last first.
enum AtExit {
  private static let actions = Mutex<[@Sendable () -> Void]>([])
  private static let registration: Void = {
    atexit {
      for action in AtExit.actions.withLock({ $0 }).reversed() { action() }
    }
    return ()
  }()

  static func run(_ action: @escaping @Sendable () -> Void) {
    _ = registration
    actions.withLock { $0.append(action) }
  }
}
