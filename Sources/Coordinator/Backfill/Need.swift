import Base
import Database

/// What a command needs of its login.
enum Need: String {
  /// To look.
  case reader = "aker_reader"
  /// To change anything.
  case admin = "aker_admin"

  /// - Throws: `Failure` before the command has done anything.
  func require(_ rights: LoginRights) throws {
    if self == .admin, rights.isStandby { throw Failure.standby }
    let has = self == .reader ? rights.reads : rights.operates
    // Where the structure is missing, that is what is to be said, and not who may read it.
    guard has ?? true else { throw Failure.refused(rights.login, needs: rawValue) }
  }
}

extension Failure {
  static let standby = Failure(
    .unavailable, "the database is a read-only standby, on which nothing can be changed",
    advice: "Point AKER_POSTGIS_DSN at the primary; with several hosts in it, target_session_attrs=read-write finds it."
  )

  static func refused(_ login: String, needs role: String) -> Failure {
    Failure(
      .noPermission, "this needs the role \(role), which the login \(login) does not have",
      advice: "Have the database's owner run: GRANT \(role) TO \(quoted(login))")
  }

  /// As an identifier in SQL.
  private static func quoted(_ name: String) -> String {
    name.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil ? name : "\"\(name.replacing("\"", with: "\"\""))\""
  }
}
