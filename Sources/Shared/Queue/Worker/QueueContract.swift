/// What this program understands of the queue, as one number that it says when it registers (docs/upgrade.md).
package enum QueueContract {
  /// Raised whenever what a worker calls, or may be answered, changes in a way that an older program would not bear; and the
  /// upper end of `queue.contracts()` with it.
  package static let number = 1
}
