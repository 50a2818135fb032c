/// The steps of a partition's way, as progress and timings name them.
package enum PipelineStep: String, Sendable, CaseIterable {
  case fetch
  /// Out of archives, feeds and odd texts, what DuckDB reads.
  case prepare
  /// Transform and checks: one DuckDB process.
  case build
  /// Hash, reports, and what changed against the vintage before.
  case examine
  /// Rows into a staging table, for large partitions.
  case load
  case publish
  /// The file gets its name in the lake.
  case place
}

/// What happened, for whoever watches one partition.
package struct StepEvent: Sendable {
  package enum Phase: Sendable, Equatable {
    case started
    /// A portion is done: bytes of a fetch, rows of a load or a publication; it is negative where they are done again.
    /// `total` where it is known: of a fetch, of the documents that were begun.
    case progressed(portion: Int, total: Int?)
    case ended
  }

  package var step: PipelineStep
  package var phase = Phase.ended
  /// Zero when it only started.
  package var duration: Duration
  /// One line for people: `3 documents, 1.2 MB`. Empty when it only started.
  package var detail: String
}

package typealias StepObserver = @Sendable (StepEvent) -> Void
