/// What came of an act, as `--json` and the API tell it.
package struct ActReport: Encodable, Sendable {
  /// `retried`, `cancelled`, `paused`, `resumed` or `prioritized`.
  package var action: String
  /// In words: `backfill 3`.
  package var target: String
  /// Tasks that it was done to.
  package var count: Int

  package init(_ action: String, _ target: Target, count: Int) {
    self.action = action
    self.target = target.description
    self.count = count
  }
}
