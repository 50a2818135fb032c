/// What came of enqueueing.
package struct EnqueuedBackfill: Encodable, Sendable {
  package var backfillID: Int64
  package var taskCount: Int
  package var skippedCount: Int
}
