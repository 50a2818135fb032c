import Testing

/// What the queue must do, in the simplest terms: where each task is, and who holds it.
struct QueueModel {
  enum State: String { case blocked, ready, running, completed, failed, cancelled }

  struct Task {
    var state: State
    var upstream: [Int64]
    var backfill: Int
    var attempts = 0
    var lost = 0
    var token: Int64?
    var worker: Int?
    var failedByUpstream = false
  }

  static let maxAttempts = 3
  static let maxLost = 3

  var tasks: [Int64: Task] = [:]
  var cancelledBackfills: Set<Int> = []
  var pausedBackfills: Set<Int> = []
  var highestToken: Int64 = 0

  mutating func claimed(_ id: Int64, token: Int64, worker: Int) {
    guard let task = tasks[id] else { return _ = Issue.record("task \(id) came from nowhere") }
    #expect(task.state == .ready, "task \(id) was \(task.state) and claimed")
    #expect(!pausedBackfills.contains(task.backfill) && !cancelledBackfills.contains(task.backfill))
    #expect(token > highestToken, "tokens only grow")
    highestToken = token
    tasks[id]?.state = .running
    tasks[id]?.token = token
    tasks[id]?.worker = worker
    tasks[id]?.attempts += 1
  }

  func holds(_ id: Int64, _ token: Int64) -> Bool {
    tasks[id].map { $0.state == .running && $0.token == token } ?? false
  }

  mutating func completed(_ id: Int64) {
    end(id, .completed)
    for (dependent, task) in tasks where task.state == .blocked && task.upstream.contains(id) {
      if task.upstream.allSatisfy({ tasks[$0]?.state == .completed }) { tasks[dependent]?.state = .ready }
    }
  }

  mutating func failed(_ id: Int64) {
    end(id, .failed)
    failDependents(of: id)
  }

  mutating func givenBack(_ id: Int64, countsAttempt: Bool) {
    end(id, .ready)
    if !countsAttempt { tasks[id]?.attempts -= 1 }
  }

  mutating func lost(worker: Int) {
    for (id, task) in tasks where task.state == .running && task.worker == worker {
      tasks[id]?.lost += 1
      if task.lost + 1 >= Self.maxLost { failed(id) } else { givenBack(id, countsAttempt: false) }
    }
  }

  mutating func cancelled(_ id: Int64) {
    end(id, .cancelled)
    failDependents(of: id)
  }

  mutating func cancelled(backfill: Int) {
    cancelledBackfills.insert(backfill)
    let open: Set<State> = [.blocked, .ready, .running]
    for (id, task) in tasks where task.backfill == backfill && open.contains(task.state) { end(id, .cancelled) }
  }

  /// - Returns: how many tasks are tried again.
  mutating func retried(_ id: Int64) -> Int {
    var again: Set<Int64> = [id]
    while true {
      let more = tasks.filter { other, task in
        task.failedByUpstream && task.state == .failed && !again.contains(other)
          && task.upstream.contains { again.contains($0) }
      }
      if more.isEmpty { break }
      again.formUnion(more.keys)
    }
    while true {
      let hopeless = again.filter { task in
        tasks[task]!.upstream.contains { [.failed, .cancelled].contains(tasks[$0]!.state) && !again.contains($0) }
      }
      if hopeless.isEmpty { break }
      again.subtract(hopeless)
    }
    for task in again {
      tasks[task]?.attempts = 0
      tasks[task]?.lost = 0
      tasks[task]?.failedByUpstream = false
      let isReady = tasks[task]!.upstream.allSatisfy { tasks[$0]?.state == .completed }
      tasks[task]?.state = isReady ? .ready : .blocked
    }
    return again.count
  }

  private mutating func end(_ id: Int64, _ state: State) {
    tasks[id]?.state = state
    tasks[id]?.token = nil
    tasks[id]?.worker = nil
  }

  private mutating func failDependents(of id: Int64) {
    for (dependent, task) in tasks where task.state == .blocked && task.upstream.contains(id) {
      tasks[dependent]?.failedByUpstream = true
      end(dependent, .failed)
      failDependents(of: dependent)
    }
  }
}
