/// How far a step has come, told while it goes: bytes that arrived, rows that were copied. For whoever watches one
/// partition; nobody asks in a worker.
package enum WorkProgress {
  package enum Portion: Sendable, Equatable {
    /// So much more is done; less where it has to be done again.
    case done(Int)
    /// So much more is known to come; less where it does not.
    case expected(Int)
    /// Something comes that does not say how much it is: the total is not known.
    case openEnded
  }

  /// Told of each portion, on whatever thread it was done.
  @TaskLocal package static var observer: (@Sendable (Portion) -> Void)?

  /// Tells the observer of all that is done in `body`.
  ///
  /// Not inlined: optimised into a caller of another module, Swift 6.3 stores the observer where there is no memory, and
  /// a release build crashes in `swift_task_localValuePush`.
  @inline(never)
  package static func observed<Value>(
    by observer: @escaping @Sendable (Portion) -> Void, _ body: () async throws -> Value
  ) async throws -> Value {
    try await $observer.withValue(observer, operation: body)
  }
}
