/// What one DuckDB process may use.
package struct EngineLimits: Sendable {
  package var memoryBytes: Int
  package var threads: Int
  /// Where it spills what does not fit into memory; removed by whoever made it.
  package var temporaryDirectory: String

  package init(memoryBytes: Int, threads: Int, temporaryDirectory: String) {
    self.memoryBytes = memoryBytes
    self.threads = threads
    self.temporaryDirectory = temporaryDirectory
  }
}
