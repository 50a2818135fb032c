/// What the watch shows at one moment, read from the queue's views in one go.
struct Snapshot: Sendable {
  struct Counts: Sendable, Equatable {
    var total = 0
    var completed = 0
    /// Of those, kept in the lake, since the warehouse shows a newer vintage.
    var kept = 0
    var failed = 0
    var cancelled = 0
    var running = 0
    var waiting = 0
    var skipped = 0

    var finished: Int { completed + failed + cancelled }
  }

  /// A living worker, and what it does of this backfill.
  struct Worker: Sendable {
    struct Task: Sendable {
      var partition: String
      var seconds: Int
      var attempt: Int
    }

    /// `name@host`.
    var name: String
    var slots: Int
    /// Slots in use, for other backfills too.
    var busy: Int
    var isDraining = false
    var tasks: [Task] = []
  }

  struct Failure: Sendable, Equatable {
    var taskID: Int64
    var partition: String
    var errorClass: String
    var reason: String
    var isFinal: Bool
  }

  /// Failures of a dataset that are the same but for their numbers.
  struct FailureGroup: Sendable {
    var dataset: String
    var firstYear: Int
    var lastYear: Int
    var count: Int
    var errorClass: String
    /// Of the newest one.
    var reason: String
    var taskID: Int64
    var region: String
    var isFinal: Bool
  }

  /// A source that the backfill asks.
  struct Source: Sendable {
    var id: String
    /// Tasks of any backfill that run against it.
    var running: Int
    /// Requests granted so far, ever.
    var granted: Int64 = 0
    /// Requests a second that are allowed.
    var limit: Double?
    /// Requests a second over the last seconds; nil until they were watched.
    var rate: Double?
    var requestsToday = 0
    var dailyQuota: Int?
    /// A pause, or a cool-down, with its reason.
    var note: String?
  }

  /// What partitions of a dataset were published with all the same: one check, or one kind of drift.
  struct WarningGroup: Sendable {
    var dataset: String
    var firstYear: Int
    var lastYear: Int
    /// Partitions.
    var count: Int
    var what: String
    /// Of the newest year.
    var message: String
  }

  var title: String
  /// The newest vintage that the warehouse shows of what was kept in the lake only.
  var shownAsOf: String?
  var isFinished = false
  var isPaused = false
  var isCancelled = false
  var counts = Counts()
  var cells: [(dataset: String, year: Int, cell: Grid.Cell)] = []
  var workers: [Worker] = []
  /// Those that failed for good first, then the newest.
  var failureGroups: [FailureGroup] = []
  /// Read once it has ended, those of most partitions first.
  var warningGroups: [WarningGroup] = []
  /// One by one, newest first.
  var failures: [Failure] = []
  /// Those with something to say first.
  var sources: [Source] = []
  var workerCount = 0
  var slotCount = 0
  /// What tasks wait for while none runs, most of them first; empty otherwise.
  var waits: [String] = []
  /// Seconds until the end, where there is history to tell from.
  var remainingSeconds: Int?
}
