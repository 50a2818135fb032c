/// What an administrator may have set on a database or a role for other programs' sake, each of which broke something once.
///
/// Every test's database has them all, so that whatever is tested is tested under them, too.
package enum HostileSettings {
  package static let values: [(name: String, value: String)] = [
    ("datestyle", "SQL, DMY"), ("intervalstyle", "sql_standard"), ("timezone", "Asia/Kolkata"),
    ("bytea_output", "escape"), ("extra_float_digits", "-3"), ("quote_all_identifiers", "on"),
    ("standard_conforming_strings", "off"), ("array_nulls", "off"), ("transform_null_equals", "on"),
    ("search_path", "hostile, pg_catalog"), ("row_security", "off"), ("synchronous_commit", "off"),
    ("default_transaction_isolation", "serializable"), ("default_transaction_deferrable", "on"),
    // Long enough for the statement that turns them off, on a busy host; far too short for a worker's session.
    ("statement_timeout", "3s"), ("lock_timeout", "1ms"), ("idle_in_transaction_session_timeout", "1s"),
    ("idle_session_timeout", "3s"), ("client_min_messages", "debug1"),
  ]

  /// Sets them for all sessions of a database that begin after it.
  package static func script(database name: String) -> String {
    values.map { "ALTER DATABASE \"\(name)\" SET \($0.name) = \(Self.literal($0))" }.joined(separator: ";\n")
  }

  /// The same for a login.
  package static func script(role name: String) -> String {
    values.map { "ALTER ROLE \"\(name)\" SET \($0.name) = \(Self.literal($0))" }.joined(separator: ";\n")
  }

  private static func literal(_ setting: (name: String, value: String)) -> String {
    ["search_path", "datestyle"].contains(setting.name) ? setting.value : "'\(setting.value)'"
  }
}
