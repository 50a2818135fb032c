import Base
import Logging
import Queue
import ServiceLifecycle

/// Does something again and again until the process is told to stop, and waits out what the database cannot do now.
struct Rounds {
  var interval: Duration
  /// Between tries while the database cannot do it; it doubles up to this.
  var longestWait: Duration
  var logger: Logger
  /// Who waits, as the log says it: `flows wait`.
  var subject: String

  /// - Parameters:
  ///   - round: what is done.
  ///   - onTrouble: what is let go of before the next try.
  /// - Throws: what no wait can cure.
  func run(round: () async throws -> Void, onTrouble: () async -> Void = {}) async throws {
    var wait = interval
    while !Task.isShuttingDownGracefully && !Task.isCancelled {
      do {
        try await round()
        wait = interval
      } catch is CancellationError {
        break
      } catch {
        guard Self.passes(error) else { throw error }
        logger.warning("\(subject) for the database", metadata: ["reason": "\(Self.reason(error))"])
        await onTrouble()
        wait = min(wait * 2, longestWait)
      }
      // Ends the pause, and nothing else: SIGTERM is heard at once.
      try? await cancelWhenGracefulShutdown { [wait] in try await Task.sleep(for: wait) }
    }
  }

  /// Whether it may be gone in a while.
  static func passes(_ error: any Error) -> Bool {
    if let failure = error as? Failure { return failure.code == .unavailable }
    return QueueTrouble(error) != .hopeless
  }

  static func reason(_ error: any Error) -> String {
    (error as? any ClassifiedError)?.summary ?? (error as? Failure)?.message ?? "\(error)"
  }
}
