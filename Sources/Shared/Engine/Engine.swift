internal import FoundationEssentials
internal import Glibc
package import Logging
internal import Subprocess
internal import SystemPackage

/// Runs scripts in DuckDB processes: one process per call, with its memory limited, killed with us and by cancellation.
package struct Engine: Sendable {
  package let duckdb: DuckDB
  package let limits: EngineLimits
  private let logger: Logger

  package init(_ duckdb: DuckDB, limits: EngineLimits, logger: Logger) {
    self.duckdb = duckdb
    self.limits = limits
    self.logger = logger
  }

  func with(_ limits: EngineLimits) -> Engine {
    Engine(duckdb, limits: limits, logger: logger)
  }

  /// Runs a script to its end. For small results: the output of each step, one JSON object per row.
  /// - Throws: `EngineFailure`, whose `output` holds what the steps before the failed one printed; `CancellationError`.
  package func run(_ script: EngineScript) async throws -> EngineOutput {
    let outcome = try await start(script) { outputs in
      var bytes: [UInt8] = []
      for try await chunk in outputs {
        chunk.withUnsafeBytes { bytes.append(contentsOf: $0) }
      }
      return bytes
    }
    let output = EngineOutput(outcome.value)
    if let error = error(outcome.status, outcome.message, script, lastStep: output.lastStep) {
      throw EngineFailure(
        error: error, output: output, causes: error.place + EngineMessage(outcome.message).causes)
    }
    return output
  }

  /// Runs a script whose last step writes to /dev/stdout, and hands that on chunk by chunk as it comes. The script's
  /// steps before it must print nothing.
  ///
  /// When it throws, what `body` was given is not to be used: an error can come after much valid-looking output.
  /// - Throws: `EngineError`, whatever `body` throws, `CancellationError`.
  package func stream(_ script: EngineScript, _ body: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
    let outcome = try await start(script) { outputs in
      // The marks of the steps come first, each on a line.
      var remainingMarks = script.steps.count
      var unfinished: [UInt8] = []
      for try await chunk in outputs {
        var bytes = unfinished + chunk.withUnsafeBytes { Array($0) }
        unfinished = []
        while remainingMarks > 0 {
          guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            unfinished = bytes
            break
          }
          remainingMarks -= 1
          bytes.removeFirst(end + 1)
        }
        if remainingMarks == 0, !bytes.isEmpty { try await body(bytes) }
      }
    }
    if let error = error(outcome.status, outcome.message, script, lastStep: script.steps.last?.name) { throw error }
  }

  private func start<Value: Sendable>(
    _ script: EngineScript, _ body: @escaping @Sendable (SubprocessOutputSequence) async throws -> Value
  ) async throws -> (status: TerminationStatus, message: String, value: Value) {
    try Task.checkCancellation()
    var options = PlatformOptions()
    // A group of its own, so that a signal to the worker's group (Ctrl-C) does not reach it before we decide.
    options.processGroupID = 0
    let input = try Self.namelessFile(script.text(limits: limits, duckdb: duckdb))
    // setpriv: the kernel kills DuckDB when we die, even by SIGKILL.
    let outcome = try await Subprocess.run(
      .path("/usr/bin/setpriv"),
      arguments: [
        "--pdeathsig", "KILL", duckdb.path, "-batch", "-bail", "-init", "/dev/null",
      ],
      environment: .inherit,
      platformOptions: options,
      input: .fileDescriptor(input, closeAfterSpawningProcess: true),
      output: .sequence, error: .string(limit: Self.errorLimit)
    ) { execution in
      try await body(execution.standardOutput)
    }
    // A cancelled run does not throw by itself: it returns as if the output had ended.
    try Task.checkCancellation()
    return (outcome.terminationStatus, outcome.standardError, outcome.closureResult)
  }

  /// A nameless file that holds `text`, to be a process's standard input.
  ///
  /// Not a pipe: whoever writes into one has to live with a reader that ends before it has read all.
  private static func namelessFile(_ text: String) throws -> FileDescriptor {
    var name = Array("/tmp/aker-script-XXXXXX".utf8CString)
    // Readable by us only; other children are spawned with their own descriptors alone.
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw unwritable(Errno(rawValue: errno)) }
    unlink(name)
    let file = FileDescriptor(rawValue: descriptor)
    do {
      try file.writeAll(text.utf8)
      try file.seek(offset: 0, from: FileDescriptor.SeekOrigin.start)
    } catch {
      try file.close()
      throw (error as? Errno).map(unwritable) ?? error
    }
    return file
  }

  private static func unwritable(_ error: Errno) -> EngineError {
    .diskFull(step: "start", message: "/tmp: \(error.description)")
  }

  /// DuckDB's messages quote at most a few values; more than this is not read by anyone.
  private static let errorLimit = 1_048_576

  private func error(
    _ status: TerminationStatus, _ message: String, _ script: EngineScript, lastStep: String?
  ) -> EngineError? {
    if case .exited(0) = status { return nil }
    let step = lastStep ?? "start"
    switch status {
    case .signaled(let signal): return .crashed(step: step, signal: signal)
    case .exited(let code):
      let linesBefore = script.steps.last { $0.name == step }?.linesBeforeUserSQL
      let userSQL = script.steps.last { $0.name == step && $0.linesBeforeUserSQL != nil }?.sql
      return EngineMessage(message).error(
        step: step, exitCode: code, linesBefore: linesBefore, sql: userSQL, memoryLimit: limits.memoryBytes)
    }
  }
}

extension Engine {
  /// The same, with its temporary files in `folder`, which is removed as a whole with the attempt.
  package func spilling(into folder: String) -> Engine {
    var limits = limits
    limits.temporaryDirectory = folder + "/spill"
    return with(limits)
  }

  /// The same with one thread for each process: for statements without rows, of which several are run side by side.
  package var alone: Engine {
    var limits = limits
    limits.threads = 1
    return with(limits)
  }
}
