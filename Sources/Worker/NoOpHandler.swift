import Queue

/// Does nothing, for measuring the queue itself.
struct NoOpHandler: TaskHandler {
  let duration: Duration

  func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
    if duration > .zero { try await Task.sleep(for: duration) }
    return .completed(result: nil)
  }
}
