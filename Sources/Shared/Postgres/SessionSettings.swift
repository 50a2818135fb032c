/// What every session of ours asks for when it opens, and what it states then, so that nothing that is set on the server, the
/// database, the role or by the shell's environment changes what a statement means or how its answer reads.
///
/// What only concerns speed or the server's log stays an administrator's; docs/deploy.md lists it.
enum SessionSettings {
  /// libpq's settings that a connection string may say otherwise.
  static func connectionDefaults(_ configuration: PostgresConfiguration) -> [(keyword: String, value: String)] {
    [
      ("connect_timeout", String(max(2, configuration.connectTimeout.components.seconds))),
      // A server that vanished is noticed within 25 s: an idle one by keepalives (10 + 3 x 5), one that owes us an
      // acknowledgement by the user timeout.
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "25000"),
      // Of several hosts, the one that may be written to; after a fail-over, the new primary.
      ("target_session_attrs", configuration.access.rawValue),
      ("fallback_application_name", configuration.applicationName),
    ]
  }

  /// For a session and for a transaction alike.
  static let values: [(name: String, value: String)] = [
    // How answers read.
    ("datestyle", "ISO"), ("intervalstyle", "postgres"), ("timezone", "UTC"), ("bytea_output", "hex"),
    ("extra_float_digits", "1"), ("quote_all_identifiers", "off"), ("xmlbinary", "base64"),
    // What statements mean.
    ("standard_conforming_strings", "on"), ("escape_string_warning", "off"), ("backslash_quote", "safe_encoding"),
    ("array_nulls", "on"), ("transform_null_equals", "off"), ("check_function_bodies", "on"), ("row_security", "on"),
    ("timezone_abbreviations", "Default"), ("default_table_access_method", "heap"), ("default_tablespace", ""),
    ("default_transaction_isolation", "read committed"), ("default_transaction_deferrable", "off"),
    // What the planner takes for long is over before it is compiled: 75 ms of joins over many views were given 2.4 s of it.
    ("jit", "off"),
    // How long things may take: our own limits are finer. idle_session_timeout came with 14, transaction_timeout with 17.
    ("lock_timeout", "0"), ("idle_in_transaction_session_timeout", "0"), ("idle_session_timeout", "0"),
    ("transaction_timeout", "0"),
    // The other direction: a client host (or a pooler's) that vanished without a word (no FIN) leaves neither locks nor its
    // session behind for longer than a lease (30 s). Nothing of it concerns unix sockets.
    ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25000"),
  ]

  /// The same while a statement runs: not every operating system of a server can tell.
  private static let wish = ("client_connection_check_interval", "10000")
  /// invalid_parameter_value: what such a server says.
  static let wishRefused = "22023"

  /// feature_not_supported: a standby refuses any query where serializable transactions are the default, but not this.
  static let isolationRefused = "0A000"
  static let plainIsolation = "SET default_transaction_isolation = 'read committed'"

  /// One statement that sets all of them. Every name in it is qualified, since it runs under whatever `search_path` is.
  ///
  /// - Parameters:
  ///   - isLocal: for the transaction only: behind a pooler the next one may be on another of the server's sessions.
  ///   - wishes: whether to ask for what a server may refuse with `wishRefused`.
  ///
  /// What a server of an older version does not know is left out by it.
  static func statement(isLocal: Bool, wishes: Bool = false, _ configuration: PostgresConfiguration) -> String {
    let timeout = String(configuration.statementTimeout?.wholeMilliseconds ?? 0)
    let stated = values + [("statement_timeout", timeout)] + (wishes ? [wish] : [])
    let rows = stated.map { "('\($0.name)', '\($0.value)')" }
    // With synchronous_commit off, a server could give a lease token twice after a crash.
    return """
      SELECT pg_catalog.pg_backend_pid() AS pid, \
      (SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, \(isLocal))) \
      FROM (VALUES \(rows.joined(separator: ", "))) AS s (name, value) \
      WHERE pg_catalog.current_setting(s.name, true) IS NOT NULL), \
      pg_catalog.set_config('synchronous_commit', \
      CASE WHEN pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off' THEN 'on' \
      ELSE pg_catalog.current_setting('synchronous_commit') END, \(isLocal)), \
      pg_catalog.set_config('aker.incarnation', '\(configuration.incarnation)', \(isLocal)), \
      pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'public', \(postgisSchema)), \(isLocal))
      """
  }

  /// Where this database keeps PostGIS, which need not be `public`; NULL where it has none.
  private static let postgisSchema = """
    (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension AS e \
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace \
    WHERE e.extname OPERATOR(pg_catalog.=) 'postgis' AND n.nspname OPERATOR(pg_catalog.<>) 'public')
    """
}
