package import Logging
package import Telemetry

/// What a worker does with a task it has claimed.
///
/// The handler's Swift task is cancelled when the lease is lost, when the time limit is over, or when the worker must
/// stop: it should then end soon, and leave nothing half done.
package protocol TaskHandler: Sendable {
  /// - Throws: a `ClassifiedError` where the class is known, which decides between retry and failure; any other error
  ///   counts as transient.
  func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome

  /// Whether this host can run tasks at all: its folders, programs and ways out. Puts right what it can.
  ///
  /// - Parameter errors: of attempts, that made somebody look.
  /// - Returns: what was put right, each in a line: attempts that ran meanwhile may have failed for it.
  /// - Throws: what is wrong with the host, as a `ClassifiedError` that says so in one line.
  func probe(after errors: [any Error]) async throws -> [String]
}

extension TaskHandler {
  /// Needs nothing of the host.
  package func probe(after errors: [any Error]) async throws -> [String] { [] }
}

/// How a handler ended without an error.
package enum TaskOutcome: Sendable, Equatable {
  /// The work is done; the worker reports it, with `result` as a JSON object.
  case completed(result: String?)
  /// The handler has completed the task itself, in the transaction that published its partition.
  case published
  /// Not now: give the task back for so long. The attempt is not counted.
  case snoozed(Duration, reason: String)
}

/// Who runs the task.
package struct TaskContext: Sendable {
  package let worker: WorkerIdentity
  /// Where the handler says how far it has come.
  package let steps = AttemptSteps()
  /// What the attempt waits for; told to the handler's task by whoever runs it.
  package let waits = AttemptWaits()
  private let base: Logger
  private let lease: TaskLease?

  /// Carries partition, task, attempt and worker on each line, and keeps the lines with the attempt. Made when asked for: a task that logs nothing pays
  /// nothing.
  package var logger: Logger {
    var logger = base
    logger.handler = KeepingLogHandler(logger.handler, steps.log)
    lease?.logMetadata.forEach { logger[metadataKey: $0] = $1 }
    return logger
  }

  /// - Parameter lease: what each line of `logger` is to tell about; nil where the logger does already.
  package init(worker: WorkerIdentity, logger: Logger, lease: TaskLease? = nil) {
    self.worker = worker
    self.lease = lease
    base = logger
  }
}

/// One life of one worker process.
package struct WorkerIdentity: Sendable, Equatable {
  /// The incarnation, from `queue.register_worker`.
  package let workerID: Int
  package let name: String
  package let host: String
  package let version: String

  package init(workerID: Int, name: String, host: String, version: String) {
    self.workerID = workerID
    self.name = name
    self.host = host
    self.version = version
  }
}
