/// Runs `body` until it ends or Ctrl-C (SIGTERM, SIGHUP) comes, which cancels it and waits for it to clean up.
///
/// - Throws: what `body` throws; `CancellationError` when it was interrupted.
func interruptible<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      await Interruption.wait()
      return nil
    }
    defer { group.cancelAll() }
    if let value = try await group.next(), let value { return value }
    group.cancelAll()
    while let rest = try await group.next() {
      // It ended in the very moment of the signal: what it did is done.
      if let rest { return rest }
    }
    throw CancellationError()
  }
}
