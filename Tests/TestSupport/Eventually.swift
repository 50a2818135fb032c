package import Testing

/// Polls `condition` until it holds; records an issue and returns false when it does not within `limit`, which is for a
/// machine that has much else to do.
@discardableResult
package func eventually(
  within limit: Duration = .seconds(60), _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws -> Bool {
  let deadline = ContinuousClock.now + limit
  while true {
    if try await condition() { return true }
    guard ContinuousClock.now < deadline else {
      Issue.record("not within \(limit): \(what?.rawValue ?? "the condition")", sourceLocation: sourceLocation)
      return false
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}
