package import Postgres

/// What the login of a session may do in this database, and whether anybody may write in it.
package struct LoginRights: Sendable {
  package var login: String
  /// A standby replays what its primary wrote, and takes no writes of its own.
  package var isStandby: Bool
  /// How far a standby is behind its primary, at most; nil where that is not known, and on a primary.
  package var lagSeconds: Double?
  /// Nil where the structure is not there yet.
  package var reads: Bool?
  package var works: Bool?
  package var operates: Bool?

  /// Asks the system's tables only, which every login may read.
  package static func read(_ connection: PostgresConnection) async throws -> LoginRights {
    let row = try await connection.one(
      """
      SELECT current_user::text AS login, pg_is_in_recovery() AS standby,
        CASE WHEN NOT pg_is_in_recovery() THEN NULL
          -- Its last word may be long ago because its primary has said nothing since.
          WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
          ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END AS lag,
        (SELECT bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'queue' AND c.relname = 'task') AS reads,
        (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'queue' AND p.proname = 'reap') AS works,
        (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'queue' AND p.proname = 'pause_queue') AS operates
      """)
    return LoginRights(
      login: try row.decode("login"), isStandby: try row.decode("standby"),
      lagSeconds: try row.decode("lag", as: Double?.self),
      reads: try row.decode("reads", as: Bool?.self),
      works: try row.decode("works", as: Bool?.self), operates: try row.decode("operates", as: Bool?.self))
  }

  /// In words.
  package var lag: String {
    guard let lagSeconds else { return "and how far behind its primary is not known" }
    if lagSeconds == 0 { return "up to date with its primary" }
    return "\((lagSeconds * 10).rounded() / 10) s or less behind its primary"
  }
}
