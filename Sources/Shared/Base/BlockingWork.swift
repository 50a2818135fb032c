internal import Dispatch
internal import Synchronization

/// Long work on files, off the cooperative pool: two large archives at once, or a mount that hangs, would otherwise hold up
/// a small host's heartbeats.
package enum BlockingWork {
  private static let queue = DispatchQueue(label: "files", attributes: .concurrent)

  /// Whether the task that waits was cancelled.
  package final class Cancellation: Sendable {
    private let isCancelled = Atomic(false)

    package init() {}

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// - Throws: `CancellationError`. To be called every few pieces of work.
    package func check() throws {
      if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
    }
  }

  /// Waits for `body`, which asks the cancellation it is given as it goes.
  package static func run<Value: Sendable>(
    _ body: @escaping @Sendable (Cancellation) throws -> Value
  ) async throws -> Value {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Result { try body(cancellation) }) }
      }
    } onCancel: {
      cancellation.cancel()
    }
  }
}
