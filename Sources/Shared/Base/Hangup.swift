internal import Glibc

/// SIGHUP: the terminal that a program was started from has closed.
package enum Hangup {
  /// Whether to end in good order on it, as on SIGTERM: unless who started the program said to ignore it, as `nohup` does.
  package static var isHeard: Bool {
    var action = sigaction()
    guard sigaction(SIGHUP, nil, &action) == 0 else { return true }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
