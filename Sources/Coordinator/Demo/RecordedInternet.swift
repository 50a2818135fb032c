import Base
import Catalog
import FoundationEssentials
import Glibc

/// A process that serves recordings in the background, known by files of the home: its port, its number, its log.
struct RecordedInternet {
  let home: String

  private var folder: String { home + "/demo" }
  private var portFile: String { folder + "/port" }
  private var processFile: String { folder + "/pid" }
  private var recordingsFile: String { folder + "/recordings" }

  private static let program = "source-simulator"
  /// It listens within a tenth of a second; a host under load takes longer.
  private static let startLimit = Duration.seconds(20)

  /// - Returns: false where it ran already.
  /// - Throws: `Failure` where the program or the recordings are missing, or it did not begin to listen.
  func start(recordings told: String?) async throws -> Bool {
    if runningProcess != nil, endpoint != nil { return false }
    let recordings = try Self.recordings(told)
    let program = try Self.locate()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for file in [portFile, processFile] { try? FileManager.default.removeItem(atPath: file) }
    let process = try spawn(program, ["--recordings", recordings, "--port", "0", "--port-file", portFile])
    try Data("\(process)\n".utf8).write(to: URL(filePath: processFile))
    try Data("\(recordings)\n".utf8).write(to: URL(filePath: recordingsFile))
    let until = ContinuousClock.now + Self.startLimit
    while endpoint == nil {
      var status: Int32 = 0
      guard ContinuousClock.now < until, waitpid(process, &status, WNOHANG) == 0 else {
        kill(process, SIGTERM)
        throw Failure(
          .unavailable, "the recordings are not served: \(Self.program) did not begin to listen",
          advice: "Its log: \(folder)/log")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    return true
  }

  /// - Returns: whether it ran.
  func stop() throws -> Bool {
    guard let process = runningProcess else { return false }
    guard kill(process, SIGTERM) == 0 || errno == ESRCH else {
      throw Failure(.unavailable, "process \(process) cannot be stopped: \(String(cString: strerror(errno)))")
    }
    try? FileManager.default.removeItem(atPath: processFile)
    return true
  }

  func requireEndpoint() throws -> String {
    guard runningProcess != nil, let endpoint else {
      throw Failure(.unavailable, "the recordings are not served", advice: "Start it: aker demo start")
    }
    return endpoint
  }

  /// Of the recordings that are served.
  func sources() throws -> [String] {
    guard let recordings = line(recordingsFile) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: recordings).filter { !$0.contains(".") }.sorted()
  }

  /// Endpoints of all recorded sources, and a value for each key that they want.
  func variables(_ registry: SourceRegistry) throws -> [(String, String)] {
    let endpoint = try requireEndpoint()
    let sources = try sources()
    var variables = sources.map { ("AKER_SOURCE_\($0.uppercased())_ENDPOINT", "\(endpoint)/\($0)") }
    for key in Set(sources.compactMap { registry[$0]?.authKeyName }).sorted() {
      variables.append(("AKER_" + key, "demo"))
    }
    if let recordings = line(recordingsFile), FileManager.default.fileExists(atPath: recordings + "/aker.yml") {
      variables.append(("AKER_CONFIG", recordings + "/aker.yml"))
    }
    return variables
  }

  private var endpoint: String? { line(portFile).map { "http://127.0.0.1:\($0)" } }

  /// The process, if it lives and is still that program: numbers are used again.
  private var runningProcess: pid_t? {
    guard let process = line(processFile).flatMap({ pid_t($0) }),
      let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe"),
      name.contains("/" + Self.program)
    else { return nil }
    return process
  }

  private func line(_ file: String) -> String? {
    guard let contents = FileManager.default.contents(atPath: file), !contents.isEmpty else { return nil }
    let text = String(decoding: contents, as: UTF8.self).filter { !$0.isNewline }
    return text.isEmpty ? nil : text
  }

  /// POSIX_SPAWN_SETSID of glibc's spawn.h, which is a GNU extension and not imported.
  private static let ownSession: Int16 = 0x80

  /// In a session of its own, so that it outlives the shell's Ctrl-C.
  private func spawn(_ program: String, _ arguments: [String]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, folder + "/log", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Self.ownSession)
    var process: pid_t = 0
    var pointers = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in environment { free(pointer) } }
    let code = posix_spawn(&process, program, &actions, &attributes, &pointers, &environment)
    guard code == 0 else {
      throw Failure(.unavailable, "\(program) cannot be started: \(String(cString: strerror(code)))")
    }
    return process
  }

  /// Beside this program, where both are installed or built.
  private static func locate() throws -> String {
    let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let candidates = ([folder] + path.split(separator: ":").map(String.init)).map { "\($0)/\(program)" }
    guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
      throw Failure(
        .unavailable, "\(program) is not installed",
        advice: "It comes with the release, beside aker; from the sources: swift build --product \(program)")
    }
    return found
  }

  private static func recordings(_ told: String?) throws -> String {
    let shared = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "share/aker/recordings").path
    let candidates = told.map { [$0] } ?? [FileManager.default.currentDirectoryPath + "/recordings", shared]
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw Failure(
        .usage, "there are no recordings at \(candidates.joined(separator: " or "))",
        advice: "Name their folder: aker demo start --recordings PATH")
    }
    return URL(filePath: found).standardizedFileURL.path
  }
}
