internal import Dispatch

/// Runs an actor on a dispatch queue of its own, so that blocking libpq calls never hold a thread of the cooperative
/// pool. (`DispatchSerialQueue` as an executor does not exist on Linux.)
final class QueueExecutor: SerialExecutor {
  let queue: DispatchQueue

  init(label: String) {
    queue = DispatchQueue(label: label)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.async {
      unowned.runSynchronously(on: self.asUnownedSerialExecutor())
    }
  }

  func checkIsolated() {
    dispatchPrecondition(condition: .onQueue(queue))
  }
}
