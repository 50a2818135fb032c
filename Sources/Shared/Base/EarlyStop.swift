import Glibc

/// What a service that has not begun does when it is told to stop: there is nothing yet to end in order.
///
/// Without it, process 1 of a container would not hear SIGTERM at all before its own handlers stand, since the kernel keeps
/// from process 1 what it has no handler for; an orchestrator would wait for its whole grace period, and then kill it at work.
package enum EarlyStop {
  /// From now on, until whoever serves takes the signals over: SIGTERM ends the process with 0, SIGINT with 130.
  package static func hear() {
    signal(SIGTERM) { _ in _exit(0) }
    signal(SIGINT) { _ in _exit(130) }
    if Hangup.isHeard { signal(SIGHUP) { _ in _exit(0) } }
  }
}
