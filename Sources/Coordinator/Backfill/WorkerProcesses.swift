import Base
import FoundationEssentials
import Subprocess
import SystemPackage

/// Workers that a command starts on this host for as long as it watches: real `aker-worker` processes, as anywhere else.
struct WorkerProcesses: Sendable {
  let count: Int
  let slots: Int
  /// Where each worker's log goes: `worker-<n>.log`.
  let logDirectory: String
  let environment: [String: String]

  struct Ended: Sendable {
    var number: Int
    var status: TerminationStatus
    var log: String
  }

  /// Runs the workers until they have nothing left to do, and tells of each that ended. A cancelled task drains them:
  /// SIGTERM first, and SIGKILL for what is left after a while.
  func run(_ ended: @escaping @Sendable (Ended) async -> Void) async throws {
    let program = Self.program
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Failure(
        .unavailable, "there is no aker-worker beside aker (\(program))",
        advice: "Build it (make build), or start workers yourself and leave --workers out.")
    }
    try createDirectory(logDirectory)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...count {
        let log = "\(logDirectory)/worker-\(number).log"
        group.addTask {
          let status = try await start(program, number: number, log: log)
          if !Task.isCancelled { await ended(Ended(number: number, status: status, log: log)) }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Longer than a worker's own drain, so that it is the worker who decides.
  private static let drainInterval = Duration.seconds(40)

  private static var program: String {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path + "/aker-worker"
  }

  private func start(_ program: String, number: Int, log: String) async throws -> TerminationStatus {
    let file = try FileDescriptor.open(
      FilePath(log), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite, .groupRead, .otherRead])
    var options = PlatformOptions()
    // A session of its own: Ctrl-C in the terminal reaches aker, and aker drains its workers.
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.drainInterval)]
    let variables = environment.map { (Environment.Key(rawValue: $0.key)!, $0.value) }
    return try await Subprocess.run(
      .path(FilePath(program)),
      arguments: ["--slots", "\(slots)", "--name", "local-\(number)", "--until-empty"],
      environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
      platformOptions: options, output: .fileDescriptor(file, closeAfterSpawningProcess: false),
      error: .fileDescriptor(file, closeAfterSpawningProcess: true)
    ).terminationStatus
  }

  private func createDirectory(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure(
        .cannotWrite, "\(path) cannot be created", advice: "Make its parent writable, or set AKER_HOME elsewhere.")
    }
  }
}
