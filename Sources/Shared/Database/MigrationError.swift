package import Base

/// Why the database's structure was not brought up to date. Nothing is half done: all that is pending commits, or nothing.
package enum MigrationError: ClassifiedError, Equatable {
  case noDirectory(String)
  case misnamed(String)
  case duplicate(Int, String, String)
  case unreadable(String)
  /// A newer aker has applied what this one does not know.
  case databaseIsNewer(by: String, this: String)
  /// The database is of a build before the first release.
  case unreleased
  /// The database lacks even what tells which programs it serves.
  case neverMigrated(reason: String)
  /// A migration was edited after it had been applied.
  case drift(version: Int, name: String)
  /// A migration is older than what is applied, yet was never applied.
  case outOfOrder(version: Int, name: String, applied: Int)
  case postgisMissing
  /// The server has PostGIS, and this login may not put it into the database.
  case postgisNotAllowed(database: String)
  /// The login does not own the database's structure.
  case notAllowed(_ login: String, reason: String)
  /// Another program has a schema of a name that is ours.
  case schemaTaken(String)
  case busy(seconds: Int)
  /// Living workers of a version that the new structure does not serve; `served` are its contracts.
  case workersNotServed([String], served: String)
  case failed(file: String, line: Int?, reason: String)

  package var errorClass: ErrorClass { .permanent }

  package var exitStatus: ExitStatus { .unavailable }

  package var summary: String {
    switch self {
    case .noDirectory(let path): "there are no migrations in \(path)"
    case .misnamed(let file): "migration \(file) is not named NNNN_name.sql"
    case .duplicate(let version, let one, let other): "two migrations have number \(version): \(one) and \(other)"
    case .unreadable(let path): "\(path) cannot be read"
    case .databaseIsNewer(let newer, let this):
      "the database was brought up to date by aker \(newer), and this is aker \(this); nothing was changed"
    case .unreleased: "the database was made before the first release of aker; nothing was changed"
    case .neverMigrated(let reason): "the database is not up to date: \(reason)"
    case .drift(let version, let name):
      "migration \(version) (\(name)) differs from what was applied to this database; nothing was changed"
    case .outOfOrder(let version, let name, let applied):
      "migration \(version) (\(name)) was never applied, though the database is already at \(applied); nothing was changed"
    case .postgisMissing: "the server does not have PostGIS"
    case .postgisNotAllowed(let database): "PostGIS is not in database \(database), and this login may not create it"
    case .notAllowed(let login, let reason): "the login \(login) may not change this database's structure: \(reason)"
    case .schemaTaken(let reason): "another program uses this database: \(reason)"
    case .busy(let seconds): "another session has been migrating this database for \(seconds) s"
    case .workersNotServed(let names, _):
      "\(names.count.counted("worker")) of a version that the new structure does not serve \(names.count == 1 ? "is" : "are") alive; "
        + "nothing was changed: \(names.joined(separator: ", "))"
    case .failed(let file, let line, let reason):
      "\(file)\(line.map { ", line \($0)" } ?? "") failed, and all was rolled back: \(reason)"
    }
  }

  package var advice: String? {
    switch self {
    case .noDirectory: "Run from the project's folder, or set AKER_MIGRATIONS_PATH."
    case .misnamed, .duplicate: "Rename the file."
    case .unreadable: "Check the file's permissions."
    case .databaseIsNewer: "Update this installation, or connect to the database that belongs to it."
    case .unreleased: "Make a new database, and let it be filled again from the lake and the raw cache."
    case .neverMigrated: "Run: aker migrate"
    case .drift: "Restore the file as it was, and put the change into a new migration."
    case .outOfOrder: "Give it a number after the last applied one."
    case .postgisNotAllowed(let database):
      "Have the server's administrator run this in database \(database), in any schema: CREATE EXTENSION postgis;"
    case .notAllowed: "Run aker migrate with the login that owns the database."
    case .schemaTaken: "Give aker a database of its own: CREATE DATABASE aker;"
    case .busy: "See which: SELECT * FROM pg_stat_activity WHERE application_name LIKE 'aker%'. Then: aker migrate"
    case .postgisMissing:
      "Install it on the server's host (Debian and Ubuntu: apt-get install postgis postgresql-postgis), then run the same command again."
    case .workersNotServed:
      "Stop them and install the new version there; or let them finish what they run, and end: aker migrate --drain"
    case .failed: nil
    }
  }
}
