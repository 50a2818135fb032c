/// How far a step has come, told while it goes: bytes that arrived, rows that were copied. For whoever watches one
/// partition; nobody asks in a worker.
package enum WorkProgress {
  /// Told of each portion, on whatever thread it was done.
  @TaskLocal package static var observer: (@Sendable (_ portion: Int) -> Void)?
}
