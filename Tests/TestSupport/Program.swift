import FoundationEssentials
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A real process under test.
///
/// `Program.run` waits for one to end; `Program.start` returns while it runs, so that a test can send it signals.
package final class Program: Sendable {
  /// How a process ended and what it printed.
  package struct Result: Sendable, CustomStringConvertible {
    /// Nil when a signal ended it.
    package var exitCode: Int32?
    package var signal: Int32?
    package var output: String
    package var errorOutput: String

    package var description: String {
      "exit \(exitCode.map(String.init) ?? "-") signal \(signal.map(String.init) ?? "-")\n\(output)\n\(errorOutput)"
    }
  }

  package let processID: Int32
  private let ending: Task<Result, any Error>
  private let files: OutputFiles

  private init(processID: Int32, ending: Task<Result, any Error>, files: OutputFiles) {
    self.processID = processID
    self.ending = ending
    self.files = files
  }

  /// What it has written to its error output so far; nothing once it has ended.
  package var errorOutputSoFar: String { files.read().1 }

  /// - Parameters:
  ///   - environment: added to the test's own environment, whose AKER_ variables are left out.
  ///   - directory: the working directory; the package's root unless told.
  package static func run(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String = PackageRoot.path, input: String = ""
  ) async throws -> Result {
    try await start(executable, arguments, environment: environment, directory: directory, input: input).wait()
  }

  package static func start(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String = PackageRoot.path, input: String = ""
  ) async throws -> Program {
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AKER_") }
    variables.merge(environment) { $1 }
    let settings = Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(rawValue: $0.key)!, $0.value) })
    let name: Subprocess.Executable = executable.contains("/") ? .path(FilePath(executable)) : .name(executable)
    let (started, startedContinuation) = AsyncThrowingStream<Int32, any Error>.makeStream()
    let files = try OutputFiles()
    let ending = Task {
      defer { files.remove() }
      do {
        let outcome = try await Subprocess.run(
          name, arguments: Arguments(arguments), environment: .custom(settings),
          workingDirectory: FilePath(directory), input: .string(input),
          output: .fileDescriptor(files.output, closeAfterSpawningProcess: true),
          error: .fileDescriptor(files.error, closeAfterSpawningProcess: true)
        ) { execution in
          startedContinuation.yield(execution.processIdentifier.value)
          startedContinuation.finish()
        }
        let (output, errorOutput) = files.read()
        switch outcome.terminationStatus {
        case .exited(let code):
          return Result(exitCode: code, signal: nil, output: output, errorOutput: errorOutput)
        case .signaled(let signal):
          return Result(exitCode: nil, signal: signal, output: output, errorOutput: errorOutput)
        }
      } catch {
        startedContinuation.finish(throwing: error)
        throw error
      }
    }
    for try await processID in started { return Program(processID: processID, ending: ending, files: files) }
    throw TestFailure("\(executable) did not start")
  }

  package func send(_ signal: Int32) {
    kill(processID, signal)
  }

  package func wait() async throws -> Result {
    try await ending.value
  }

  /// Output goes to files and not to pipes, so that a process that outlives its reader (or is stopped) never blocks, and
  /// a daemon that it leaves behind holds nobody up.
  private struct OutputFiles {
    let path: String
    let output: FileDescriptor
    let error: FileDescriptor

    init() throws {
      path = "/tmp/aker-program-\(UUID().uuidString)"
      output = try Self.open(path + ".out")
      error = try Self.open(path + ".err")
    }

    private static func open(_ path: String) throws -> FileDescriptor {
      try FileDescriptor.open(FilePath(path), .writeOnly, options: [.create], permissions: .ownerReadWrite)
    }

    func read() -> (String, String) {
      func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
      }
      return (text(path + ".out"), text(path + ".err"))
    }

    func remove() {
      try? FileManager.default.removeItem(atPath: path + ".out")
      try? FileManager.default.removeItem(atPath: path + ".err")
    }
  }
}
