/// What the watch shows at one moment, read from the queue's views in one go.
struct Snapshot: Sendable {
  struct Counts: Sendable, Equatable {
    var total = 0
    var completed = 0
    var failed = 0
    var cancelled = 0
    var running = 0
    var waiting = 0
    var skipped = 0

    var finished: Int { completed + failed + cancelled }
  }

  struct Running: Sendable {
    var partition: String
    var worker: String
    var seconds: Int
    var attempt: Int
  }

  struct Failure: Sendable, Equatable {
    var taskID: Int64
    var partition: String
    var errorClass: String
    var reason: String
    var isFinal: Bool
  }

  struct Source: Sendable {
    var id: String
    var running: Int
    var note: String
  }

  var title: String
  var isFinished = false
  var isPaused = false
  var isCancelled = false
  var counts = Counts()
  var cells: [(dataset: String, year: Int, cell: Grid.Cell)] = []
  var running: [Running] = []
  /// Newest first.
  var failures: [Failure] = []
  /// Only those with something to say: a cool-down, a limit reached.
  var sources: [Source] = []
  var workerCount = 0
  var slotCount = 0
  /// Seconds until the end, where there is history to tell from.
  var remainingSeconds: Int?
}
