package import Base

/// What the watch shows at one moment, read from the queue's views in one go.
package struct Snapshot: Sendable {
  package struct Counts: Sendable, Equatable {
    package var total = 0
    package var completed = 0
    /// Of those, kept in the lake, since the warehouse shows a newer vintage.
    package var kept = 0
    package var failed = 0
    package var cancelled = 0
    package var running = 0
    package var waiting = 0
    package var skipped = 0

    package var finished: Int { completed + failed + cancelled }
  }

  /// A living worker, and what it does of this backfill.
  package struct Worker: Sendable {
    package struct Task: Sendable {
      package var partition: String
      package var seconds: Int
      package var attempt: Int
    }

    /// `name@host`.
    package var name: String
    package var slots: Int
    /// Slots in use, for other backfills too.
    package var busy: Int
    package var isDraining = false
    package var tasks: [Task] = []
  }

  package struct Failure: Sendable, Equatable {
    package var taskID: Int64
    package var partition: String
    package var errorClass: ErrorClass
    package var reason: String
    package var isFinal: Bool
  }

  /// Failures of a dataset that are the same but for their numbers.
  package struct FailureGroup: Sendable {
    package var dataset: String
    package var firstYear: Int
    package var lastYear: Int
    package var count: Int
    package var errorClass: ErrorClass
    /// Of the newest one.
    package var reason: String
    package var taskID: Int64
    package var region: String
    package var isFinal: Bool
  }

  /// What partitions of a dataset were published with all the same: one check, or one kind of drift.
  package struct WarningGroup: Sendable {
    package var dataset: String
    package var firstYear: Int
    package var lastYear: Int
    /// Partitions.
    package var count: Int
    package var what: String
    /// Of the newest year.
    package var message: String
  }

  /// A source that the backfill asks.
  package struct Source: Sendable {
    package var id: String
    /// Tasks of any backfill that run against it.
    package var running: Int
    /// Requests granted so far, ever.
    package var granted: Int64 = 0
    /// Requests a second that are allowed.
    package var limit: Double?
    /// Requests a second over the last seconds; nil until they were watched.
    package var rate: Double?
    package var requestsToday = 0
    package var dailyQuota: Int?
    /// A pause, or a cool-down, with its reason.
    package var note: String?
  }

  package var title: String
  /// The newest vintage that the warehouse shows of what was kept in the lake only.
  package var shownAsOf: String?
  package var isFinished = false
  package var isPaused = false
  package var isCancelled = false
  package var counts = Counts()
  package var cells: [(dataset: String, year: Int, cell: GridCell)] = []
  package var workers: [Worker] = []
  /// Those that failed for good first, then the newest.
  package var failureGroups: [FailureGroup] = []
  /// Read once it has ended, those of most partitions first.
  package var warningGroups: [WarningGroup] = []
  /// One by one, newest first.
  package var failures: [Failure] = []
  /// Those with something to say first.
  package var sources: [Source] = []
  package var workerCount = 0
  package var slotCount = 0
  /// What tasks wait for while none runs, most of them first; empty otherwise.
  package var waits: [String] = []
  /// Seconds until the end, where there is history to tell from.
  package var remainingSeconds: Int?
}
