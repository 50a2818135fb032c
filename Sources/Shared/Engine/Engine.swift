internal import FoundationEssentials
internal import Glibc
package import Logging
internal import Subprocess
internal import SystemPackage

/// Runs scripts in DuckDB processes: one process per call, with its memory limited, killed with us and by cancellation.
package struct Engine: Sendable {
  package let duckdb: DuckDB
  package let limits: EngineLimits
  /// What is shared with other workers of the host, beside which `limits` say nothing of memory and threads; nil for an
  /// engine that goes by its limits alone.
  private let budget: HostBudget?
  private let logger: Logger

  package init(_ duckdb: DuckDB, limits: EngineLimits, budget: HostBudget? = nil, logger: Logger) {
    self.duckdb = duckdb
    self.limits = limits
    self.budget = budget
    self.logger = logger
  }

  func with(_ limits: EngineLimits) -> Engine {
    Engine(duckdb, limits: limits, budget: budget, logger: logger)
  }

  /// Runs a script to its end. For small results: the output of each step, one JSON object per row.
  /// - Throws: `EngineFailure`, whose `output` holds what the steps before the failed one printed; `CancellationError`.
  package func run(_ script: EngineScript) async throws -> EngineOutput {
    let outcome = try await start(script) { outputs in
      var bytes: [UInt8] = []
      for try await chunk in outputs {
        chunk.withUnsafeBytes { bytes.append(contentsOf: $0) }
        guard bytes.count <= Self.outputLimit else {
          let step = EngineOutput(bytes).lastStep ?? "start"
          throw EngineFailure(
            error: .tooMuchOutput(step: step, limitBytes: Self.outputLimit), output: EngineOutput([]), causes: [])
        }
      }
      return bytes
    }
    let output = EngineOutput(outcome.value)
    if let error = error(outcome.end, script, lastStep: output.lastStep) {
      throw EngineFailure(
        error: error, output: output,
        causes: error.place + EngineMessage(UserQuery.readable(outcome.end.message)).causes)
    }
    return output
  }

  /// Runs a script whose last step writes to /dev/stdout, and hands that on chunk by chunk as it comes. The script's
  /// steps before it must print nothing.
  ///
  /// When it throws, what `body` was given is not to be used: an error can come after much valid-looking output.
  /// - Throws: `EngineError`, whatever `body` throws, `CancellationError`.
  package func stream(_ script: EngineScript, _ body: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
    var script = script
    script.writesToStandardOutput = true
    let stepCount = script.steps.count
    let outcome = try await start(script) { outputs in
      // The marks of the steps come first, each on a line.
      var remainingMarks = stepCount
      var unfinished: [UInt8] = []
      for try await chunk in outputs {
        var bytes = chunk.withUnsafeBytes { Array($0) }
        if remainingMarks > 0 { (bytes, unfinished) = (unfinished + bytes, []) }
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
    if let error = error(outcome.end, script, lastStep: script.steps.last?.name) { throw error }
  }

  private func start<Value: Sendable>(
    _ script: EngineScript, _ body: @escaping @Sendable (SubprocessOutputSequence) async throws -> Value
  ) async throws -> (end: End, value: Value) {
    try Task.checkCancellation()
    if let refusal = script.refusal {
      throw EngineFailure(error: refusal, output: EngineOutput([]), causes: refusal.place)
    }
    let share = try await budget?.take(logger)
    defer { withExtendedLifetime(share) {} }
    var limits = limits.withinDisk(slots: budget?.slotCount ?? 1)
    if let share { (limits.memoryBytes, limits.threads) = (share.memoryBytes, min(limits.threads, share.threads)) }
    let inputs = script.readPaths.map(FileIdentity.init)
    // Starting and feeding a second thread takes longer than it spares.
    if let bytes = script.inputByteCount, bytes < Self.oneThreadBytes { limits.threads = 1 }
    let extensions = VerifiedExtensions(script.extensions.compactMap { duckdb.extensions[$0] })
    let (status, message, value) = try await launch(
      with(limits).confined(script, extensionsVerified: extensions.areVerified), lastStep: script.steps.last?.name, body
    )
    if case .exited(0) = status { extensions.remember() }
    return (End(status: status, message: message, limits: limits, inputs: inputs), value)
  }

  /// How a process ended, and what it had been given.
  private struct End: Sendable {
    let status: TerminationStatus
    let message: String
    let limits: EngineLimits
    /// Of the script's paths, in their order.
    let inputs: [FileIdentity?]
  }

  /// Which file a path names: another one in its place is none that the process may read.
  private struct FileIdentity: Sendable, Equatable {
    let device: UInt64
    let number: UInt64

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  private func launch<Value: Sendable>(
    _ program: ConfinedProgram, lastStep: String?,
    _ body: @escaping @Sendable (SubprocessOutputSequence) async throws -> Value
  ) async throws -> (status: TerminationStatus, message: String, value: Value) {
    var options = PlatformOptions()
    // A group of its own, so that a signal to the worker's group (Ctrl-C) does not reach it before we decide.
    options.processGroupID = 0
    let input = try Self.namelessFile(program.bytes)
    do {
      let outcome = try await Subprocess.run(
        .path(FilePath(Confinement.program)), arguments: [],
        // DuckDB needs nothing of ours, and our environment has secrets.
        environment: .custom(["LC_ALL": "C.UTF-8", "TZ": "UTC"]),
        platformOptions: options,
        input: .fileDescriptor(input, closeAfterSpawningProcess: true),
        output: .sequence, error: .string(limit: Self.errorLimit)
      ) { execution in
        try await body(execution.standardOutput)
      }
      // A cancelled run does not throw by itself: it returns as if the output had ended.
      try Task.checkCancellation()
      return (outcome.terminationStatus, outcome.standardError, outcome.closureResult)
    } catch let error as SubprocessError where error.code == .outputLimitExceeded {
      // A statement of theirs can make a message as long as it likes.
      throw EngineFailure(
        error: .tooMuchOutput(step: lastStep ?? "start", limitBytes: Self.errorLimit),
        output: EngineOutput([]), causes: [])
    } catch let error as SubprocessError {
      throw EngineFailure(error: .cannotStart("\(error)"), output: EngineOutput([]), causes: [])
    }
  }

  /// Runs lines in DuckDB's program as they stand, with none of its own locks: for tests of what the kernel refuses.
  /// - Returns: all that was printed.
  package func runUnlocked(_ lines: String, reading paths: [String]) async throws -> String {
    var script = EngineScript()
    script.readPaths = paths
    let program = with(limits.withinDisk(slots: 1)).confined(script) { [.script(lines + "\n")] }
    return try await launch(program, lastStep: nil) { outputs in
      var bytes: [UInt8] = []
      for try await chunk in outputs { chunk.withUnsafeBytes { bytes.append(contentsOf: $0) } }
      return String(decoding: bytes, as: UTF8.self)
    }.value
  }

  /// What the process may do: run the script, read its inputs, write its outputs, spill.
  /// - Parameter extensionsVerified: whether DuckDB need not look again at how its extensions are signed.
  private func confined(_ script: EngineScript, extensionsVerified: Bool) -> ConfinedProgram {
    confined(script, options: extensionsVerified ? ["-unsigned"] : []) {
      script.parts(limits: limits, duckdb: duckdb)
    }
  }

  private func confined(
    _ script: EngineScript, options: [String] = [], parts: () -> [EngineScript.Part]
  ) -> ConfinedProgram {
    var program = ConfinedProgram(duckdb.path, parent: getpid())
    for argument in ["-batch", "-bail", "-no-init"] + options { program.argument(argument) }
    for part in parts() { program.part(part) }
    for path in script.readPaths { program.read(path) }
    for name in script.extensions { duckdb.extensions[name].map { program.read($0) } }
    for folder in Set(script.writePaths.map(Self.folder) + [limits.temporaryDirectory]).sorted() {
      program.write(folder)
    }
    program.limitFiles(to: limits.diskBytes)
    program.limitMemory(to: limits.memoryBytes * 2 + limits.untrackedBytes)
    program.limitTime(to: limits.processorSeconds)
    return program
  }

  private static func folder(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  }

  /// A nameless file that holds `bytes`, to be a process's standard input.
  ///
  /// Not a pipe: whoever writes into one has to live with a reader that ends before it has read all.
  private static func namelessFile(_ bytes: [UInt8]) throws -> FileDescriptor {
    var name = Array("/tmp/aker-script-XXXXXX".utf8CString)
    // Readable by us only; other children are spawned with their own descriptors alone.
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw unwritable(Errno(rawValue: errno)) }
    unlink(name)
    let file = FileDescriptor(rawValue: descriptor)
    do {
      try file.writeAll(bytes)
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

  /// 1 MiB of inputs.
  private static let oneThreadBytes = 1_048_576

  /// 64 MiB: the largest result that is held whole is the rows that a request is made for, 100,000 at most.
  private static let outputLimit = 67_108_864

  /// DuckDB's messages quote at most a few values; more than this is not read by anyone.
  private static let errorLimit = 1_048_576

  private func error(_ end: End, _ script: EngineScript, lastStep: String?) -> EngineError? {
    let (status, message, limits) = (end.status, end.message, end.limits)
    if case .exited(0) = status { return nil }
    let step = lastStep ?? "start"
    // What DuckDB says of a file that is not there is the same as of one that it may not read, such as another one that
    // was put into its place meanwhile (a cache that was emptied, and filled again by another task).
    if case .exited(let code) = status {
      for (path, before) in zip(script.readPaths, end.inputs) {
        let now = FileIdentity(path)
        if now == nil { return .failed(step: step, exitCode: code, message: "its input \(path) is gone") }
        if now != before {
          return .failed(step: step, exitCode: code, message: "its input \(path) was replaced meanwhile")
        }
      }
    }
    switch status {
    case .signaled(SIGXCPU): return .tooLong(step: step, seconds: limits.processorSeconds)
    case .signaled(let signal): return .crashed(step: step, signal: signal)
    case .exited(let code):
      let failed = script.steps.last { $0.name == step && $0.linesBeforeUserSQL != nil }
      if case .query(_, let user, _) = failed?.text,
        let error = UserQuery.error(in: message, step: step, user: user)
      {
        return failed?.located(error) ?? error
      }
      let error = EngineMessage(message).error(
        step: step, exitCode: code, linesBefore: failed?.linesBeforeUserSQL, sql: failed?.statement,
        limits)
      return failed?.located(error) ?? error
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

  /// The same for statements without rows, of which several are run side by side: with a thread for each process, and with
  /// ten seconds and little memory, since whoever wrote them has been asked for nothing yet.
  package var forLooking: Engine { with(limits.forLooking) }
}
