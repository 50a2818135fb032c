package import Base
internal import Glibc

/// What went wrong in a DuckDB process.
package enum EngineError: ClassifiedError, Equatable {
  /// A statement was refused. `line` and `column` count from 1 in transform.sql, where the step is the transform and
  /// DuckDB said where.
  case sql(step: String, message: String, line: Int?, column: Int?)
  case outOfMemory(step: String, limitBytes: Int, message: String)
  case diskFull(step: String, message: String)
  /// The process ended by a signal that was not ours.
  case crashed(step: String, signal: Int32)
  case failed(step: String, exitCode: Int32, message: String)
  /// A step printed more than anybody asked for.
  case tooMuchOutput(step: String, limitBytes: Int)
  /// A step wrote more than a task may, though the disk has more.
  case tooLarge(step: String, limitBytes: Int)
  /// A step took more of the processors' time than any task should.
  case tooLong(step: String, seconds: Int)
  /// Other tasks of the host had all memory for as long as we waited.
  case hostIsFull(memoryBytes: Int)
  case notFound(tried: [String])
  /// The program that starts DuckDB is not installed with ours.
  case confinerNotFound(String)
  case wrongVersion(path: String, found: String, wanted: String)
  /// No process could be made.
  case cannotStart(String)

  package var errorClass: ErrorClass {
    switch self {
    case .sql, .tooMuchOutput, .tooLarge, .tooLong: .data
    case .outOfMemory, .diskFull, .crashed, .failed, .hostIsFull, .cannotStart: .transient
    case .notFound, .wrongVersion, .confinerNotFound: .permanent
    }
  }

  package var exitStatus: ExitStatus { errorClass == .data ? .data : .unavailable }

  package var mayBeHost: Bool {
    switch self {
    case .sql, .tooMuchOutput, .tooLarge, .tooLong: false
    default: true
    }
  }

  package var isHosts: Bool {
    switch self {
    case .hostIsFull: true
    case .diskFull(_, let message), .failed(_, _, let message), .cannotStart(let message): UsedUp.says(message)
    default: false
    }
  }

  package var summary: String {
    switch self {
    case .sql(let step, let message, let line, let column):
      if let line { "\(step):\(line):\(column ?? 1): \(message)" } else { "\(step): \(message)" }
    case .outOfMemory(let step, let limit, let message):
      "DuckDB needed more than its \(limit / 1_048_576) MiB in step \(step): \(message)"
    case .diskFull(let step, let message): "the disk is full or not writable in step \(step): \(message)"
    case .crashed(let step, let signal): "DuckDB was ended by signal \(signal) in step \(step)"
    case .failed(let step, let code, let message): "DuckDB ended with code \(code) in step \(step): \(message)"
    case .tooMuchOutput(let step, let limit):
      "step \(step) printed more than \(limit / 1_048_576) MiB of results, which are figures and examples"
    case .tooLarge(let step, let limit):
      "step \(step) wrote more than \(limit / 1_048_576) MiB, which is what one task may (AKER_TASK_DISK)"
    case .tooLong(let step, let seconds):
      "step \(step) took more than \(seconds) s of the processors' time, which is more than a task may"
    case .hostIsFull(let memory): "other tasks of this host had all its \(memory / 1_048_576) MiB for ten minutes"
    case .confinerNotFound(let path): "there is no program \(path), which starts DuckDB"
    case .notFound(let tried): "there is no duckdb program; looked at \(tried.joined(separator: ", "))"
    case .cannotStart(let reason): "DuckDB cannot be started: \(reason)"
    case .wrongVersion(let path, let found, let wanted): "\(path) is DuckDB \(found); \(wanted) or newer is needed"
    }
  }

  /// Where it was, as the first of a failure's causes.
  var place: [String] {
    switch self {
    case .sql(let step, _, let line?, let column): ["SQL error at \(step):\(line):\(column ?? 1)"]
    case .sql(let step, _, nil, _): ["SQL error in step \(step)"]
    case .crashed(_, let signal): ["signal \(signal)"]
    case .failed(let step, let code, _): ["DuckDB ended with code \(code) in step \(step)"]
    case .outOfMemory(let step, _, _), .diskFull(let step, _), .tooMuchOutput(let step, _), .tooLarge(let step, _),
      .tooLong(let step, _):
      ["DuckDB ended in step \(step)"]
    case .notFound, .wrongVersion, .confinerNotFound, .hostIsFull, .cannotStart: []
    }
  }

  package var advice: String? {
    switch self {
    case .sql: nil
    case .outOfMemory: "Give each slot more memory, run fewer slots, or cut the dataset into smaller partitions."
    case .diskFull: "Free space below AKER_CACHE_PATH, or point it elsewhere; the task is tried again by itself."
    case .crashed: "If the system's memory ran out, run fewer slots; see the kernel's log."
    case .failed: nil
    case .tooMuchOutput: nil
    case .tooLarge, .tooLong:
      "Look for a join without its condition, or rows without end. If it is to be so large, cut the dataset into smaller partitions; AKER_TASK_DISK is what a task may write."
    case .hostIsFull: "Run fewer slots on it, or give DuckDB more of the host: AKER_HOST_MEMORY."
    case .cannotStart, .confinerNotFound:
      "Install all programs of the same build into one folder: aker, aker-worker and aker-confine."
    case .notFound: "Run scripts/setup, or name the program in AKER_DUCKDB."
    case .wrongVersion: "Run scripts/setup, or point AKER_DUCKDB at a newer one."
    }
  }
}

extension EngineError {
  /// What is wrong with a statement, where it was only looked at; nil for what is no fault of its own.
  package var refusal: (step: String, message: String, line: Int?, column: Int?)? {
    switch self {
    case .sql(let step, let message, let line, let column): (step, message, line, column)
    case .tooLong(let step, let seconds):
      (step, "\(Self.reckoned) more than \(seconds) s of a processor's time", nil, nil)
    // Memory that is refused to it ends DuckDB by its own hand where it had not counted it.
    case .outOfMemory(let step, _, _), .crashed(let step, SIGABRT), .crashed(let step, SIGSEGV):
      (step, "\(Self.reckoned) more memory than looking at a statement may", nil, nil)
    case .tooMuchOutput(let step, _), .tooLarge(let step, _): (step, summary, nil, nil)
    default: nil
    }
  }

  private static let reckoned =
    "something in it is reckoned before there is a row, such as the arguments of a function that makes rows, and takes"
}
