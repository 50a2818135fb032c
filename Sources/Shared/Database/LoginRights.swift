package import Postgres

/// What the login of a session may do in this database, and whether anybody may write in it.
package struct LoginRights: Sendable {
  package var login: String
  /// A standby replays what its primary wrote, and takes no writes of its own.
  package var isStandby: Bool
  /// Nil where the structure is not there yet.
  package var reads: Bool?
  package var works: Bool?
  package var operates: Bool?

  /// Asks the system's tables only, which every login may read.
  package static func read(_ connection: PostgresConnection) async throws -> LoginRights {
    let row = try await connection.one(
      """
      SELECT current_user::text AS login, pg_is_in_recovery() AS standby,
        (SELECT bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'queue' AND c.relname = 'task') AS reads,
        (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'queue' AND p.proname = 'reap') AS works,
        (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'queue' AND p.proname = 'pause_queue') AS operates
      """)
    return LoginRights(
      login: try row.decode("login"), isStandby: try row.decode("standby"),
      reads: try row.decode("reads", as: Bool?.self),
      works: try row.decode("works", as: Bool?.self), operates: try row.decode("operates", as: Bool?.self))
  }
}
