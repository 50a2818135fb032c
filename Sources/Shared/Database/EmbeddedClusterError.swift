package import Base

/// Why the embedded server could not be had.
package enum EmbeddedClusterError: ClassifiedError {
  case serverMissing
  /// The data were made by another major version than those that are installed.
  case otherVersion(String, found: [String])
  case unwritable(_ path: String, _ reason: String)
  /// A folder that must be ours alone is somebody's else, or open to others.
  case foreignFolder(_ path: String)
  /// The last lines that the program wrote.
  case failed(_ program: String, _ lines: [String], log: String?)
  case doesNotAnswer(_ reason: String, seconds: Int64, log: String)
  case doesNotStop(_ processID: Int32, seconds: Int64, log: String)
  case busy(_ directory: String, seconds: Int64)
  /// Somebody runs a server on the data that we did not start.
  case startedOtherwise(_ processID: Int32)
  /// The server is not among the processes that can be seen from here.
  case runsElsewhere(_ directory: String)

  package var errorClass: ErrorClass { .permanent }

  package var exitStatus: ExitStatus { .unavailable }

  package var summary: String {
    switch self {
    case .serverMissing: "there is no Postgres server on this host to start an embedded database with"
    case .otherVersion(let needed, let found):
      "the embedded database was made by PostgreSQL \(needed), and this host has "
        + (found.isEmpty ? "none of it" : found.joined(separator: ", "))
    case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .foreignFolder(let path): "\(path) is not this user's alone, so the embedded database's socket cannot be there"
    case .failed(let program, let lines, _): "\(program) failed: \(lines.last ?? "it said nothing")"
    case .doesNotAnswer(let reason, let seconds, _):
      "the embedded database runs, and has not answered for \(seconds) s: \(reason)"
    case .doesNotStop(let processID, let seconds, _):
      "the embedded database (process \(processID)) has not stopped for \(seconds) s"
    case .busy(let directory, let seconds):
      "another command has been starting or stopping the database in \(directory) for \(seconds) s"
    case .startedOtherwise(let processID):
      "a server that aker did not start (process \(processID)) runs on the embedded database's data"
    case .runsElsewhere(let directory):
      "the server of \(directory) runs in another container, or on another host, than this command"
    }
  }

  package var advice: String? {
    switch self {
    case .serverMissing:
      "Run scripts/setup (or: apt-get install postgresql postgis), or set AKER_POSTGIS_DSN to a PostGIS server of yours."
    case .otherVersion(let needed, _):
      "Install PostgreSQL \(needed) with its PostGIS (Debian and Ubuntu: apt-get install postgresql-\(needed)-postgis-3), or name "
        + "the folder of its programs in AKER_POSTGRES_BIN. To go on with the newer one, dump the old database first."
    case .unwritable: "Make it writable, or set AKER_HOME to a folder that is."
    case .foreignFolder(let path):
      "See whose it is (ls -ld \(path)), and remove it, or set AKER_HOME to a shorter path."
    case .failed(_, let lines, let log): Self.advice(lines, log)
    case .doesNotAnswer(_, _, let log): "Its log: \(log). To start it anew: aker database stop"
    case .doesNotStop(let processID, _, let log):
      "Its log: \(log). To end it without a shutdown, as a power cut would: kill -QUIT \(processID)"
    case .busy: "Wait for it, or end it: ps ax | grep aker"
    case .startedOtherwise: "Stop it: aker database stop. Then run the same command again."
    case .runsElsewhere: "Run aker database stop where it was started."
    }
  }

  package var causes: [String] {
    if case .failed(_, let lines, _) = self { Array(lines.dropLast().reversed()) } else { [] }
  }

  /// What the server's own words mean to somebody who is not its administrator.
  private static func advice(_ lines: [String], _ log: String?) -> String? {
    let text = lines.joined(separator: "\n")
    let known: [(String, String)] = [
      ("No space left", "Make room on its disk."),
      ("Disk quota", "Make room in this user's quota."),
      ("shared memory", "Free memory on this host, or set shared_buffers lower in data/postgresql.conf."),
      ("Cannot allocate memory", "Free memory on this host."),
      ("has wrong ownership", "Give the data folder back to the user who made it (chown -R)."),
      ("invalid permissions", "chmod 700 the data folder."),
      ("invalid locale", "Install the locale C.UTF-8, or set AKER_POSTGIS_DSN to a server of yours."),
      (
        "checkpoint record",
        "The data are damaged. Restore a backup; or begin anew: aker database remove --yes (the lake and the raw cache stay)."
      ),
      ("configuration file", "Correct data/postgresql.conf as its log says."),
    ]
    let meant = known.first { text.contains($0.0) }?.1
    let whole = log.map { "The whole log: \($0)" }
    return meant.map { $0 + (whole.map { " \($0)" } ?? "") } ?? whole
  }
}
