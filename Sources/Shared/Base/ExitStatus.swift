/// How each of the programs ends when it could not do what it was asked: stable codes, listed in docs/cli.md, the same in
/// all of them. Numbers are those of sysexits.h where it has one.
package enum ExitStatus: Int32, Sendable, CaseIterable {
  /// The command ran, and what it watched or checked failed: tasks of the backfill, a validation.
  case unsuccessful = 1
  /// The arguments make no sense, or name what does not exist.
  case usage = 64
  /// A definition, a catalog or a source's data is wrong.
  case data = 65
  /// Something needed is not there: the database, PostGIS, DuckDB.
  case unavailable = 69
  /// A fault of ours.
  case software = 70
  /// A folder or file cannot be written.
  case cannotWrite = 73
  /// It may work later.
  case transient = 75
  /// The login may not do this.
  case noPermission = 77
  /// A setting is wrong.
  case configuration = 78
  /// Ctrl-C.
  case interrupted = 130
}

extension ErrorClass {
  /// Of an error that says no more than its class.
  package var exitStatus: ExitStatus {
    switch self {
    case .transient, .rateLimited: .transient
    case .data: .data
    case .permanent, .workerLost, .dependency: .software
    }
  }
}
