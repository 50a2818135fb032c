internal import FoundationEssentials
internal import Glibc

/// A program of the server's, such as initdb: started without a shell, with an empty environment, and handed its data
/// folder as an open file. So neither a folder's name, nor who may enter the folders above it, nor `PG*` variables matter.
struct ServerProcess {
  let processID: pid_t

  /// What the program knows its data folder as: whatever that is called, wherever it is moved to.
  static let dataFolder = "/proc/self/fd/\(dataDescriptor)"
  private static let dataDescriptor: Int32 = 9
  /// Inherited by every process of the server, which therefore holds the lock.
  private static let lockDescriptor: Int32 = 8

  /// - Parameters:
  ///   - log: the file that output goes to, at its end.
  ///   - owner: whom to run it as; nil is us.
  static func spawn(
    _ command: [String], data: String, log: String, lock: FolderLock?, owner: ServerOwner?
  ) throws -> ServerProcess {
    let opened = try [open(data, O_RDONLY | O_DIRECTORY, data), open(log, O_WRONLY | O_CREAT | O_APPEND, log)]
    defer { opened.forEach { close($0) } }
    if let owner { fchown(opened[1], owner.uid, owner.gid) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, opened[1], 1)
    posix_spawn_file_actions_adddup2(&actions, opened[1], 2)
    posix_spawn_file_actions_adddup2(&actions, opened[0], dataDescriptor)
    if let lock {
      let copy = fcntl(lock.descriptor, F_DUPFD_CLOEXEC, firstFreeDescriptor)
      defer { close(copy) }
      posix_spawn_file_actions_adddup2(&actions, copy, lockDescriptor)
      return try spawn(command, &actions, owner)
    }
    return try spawn(command, &actions, owner)
  }

  private static func spawn(
    _ command: [String], _ actions: inout posix_spawn_file_actions_t, _ owner: ServerOwner?
  ) throws -> ServerProcess {
    keepOtherFilesFromChildren()
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Whatever signals we ignore or block are not the program's business.
    var (all, none) = (sigset_t(), sigset_t())
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    // From /, since the current folder may be one that the owner is not allowed into.
    var words = ["/usr/bin/env", "--chdir=/"]
    if let owner {
      words += ["/usr/bin/setpriv", "--reuid=\(owner.uid)", "--regid=\(owner.gid)", "--clear-groups", "--"]
    }
    words += command
    var arguments = words.map { strdup($0) } + [nil]
    var environment = [strdup("PATH=/usr/local/bin:/usr/bin:/bin"), nil]
    defer { (arguments + environment).forEach { free($0) } }
    var processID = pid_t()
    let problem = posix_spawn(&processID, words[0], &actions, &attributes, &arguments, &environment)
    guard problem == 0 else {
      throw EmbeddedClusterError.failed(words[0], [String(cString: strerror(problem))], log: nil)
    }
    return ServerProcess(processID: processID)
  }

  /// Files that a shell left open in us, such as a pipe that somebody reads to its end, are not for a daemon to keep.
  private static func keepOtherFilesFromChildren() {
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  /// Above all that the program is given, so that none overwrites another before it is handed on.
  private static let firstFreeDescriptor: Int32 = 20

  private static func open(_ path: String, _ flags: Int32, _ name: String) throws -> Int32 {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw EmbeddedClusterError.unwritable(name, String(cString: strerror(errno))) }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, firstFreeDescriptor)
    close(descriptor)
    return moved
  }

  /// Waits for its end; when the Swift task is cancelled, ends it.
  func succeeds() async throws -> Bool {
    var status: Int32 = 0
    while true {
      switch waitpid(processID, &status, WNOHANG) {
      case processID: return status == 0
      case -1 where errno != EINTR: return false
      default: break
      }
      do {
        try await Task.sleep(for: .milliseconds(10))
      } catch {
        kill(processID, SIGTERM)
        waitpid(processID, &status, 0)
        throw error
      }
    }
  }

  // MARK: Whose process is it?

  /// Whether a process is a server on these data: a server's current folder is its data folder, whatever it is called.
  static func isServer(_ processID: Int32, of data: String) -> Bool {
    var (folder, wanted) = (stat(), stat())
    guard stat(data, &wanted) == 0, stat("/proc/\(processID)/cwd", &folder) == 0 else { return false }
    return folder.st_ino == wanted.st_ino && folder.st_dev == wanted.st_dev && isPostgres(processID)
  }

  /// A server on these data that the pid file does not tell of.
  static func anyServer(of data: String) -> Int32? {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.lazy.compactMap { Int32($0) }.first { isServer($0, of: data) }
  }

  /// Not a shell that somebody opened in the folder.
  private static func isPostgres(_ processID: Int32) -> Bool {
    let name = FileManager.default.contents(atPath: "/proc/\(processID)/comm") ?? Data()
    return String(decoding: name, as: UTF8.self).hasPrefix("postgres")
  }
}
