/// What every session of ours asks for and states when it opens: the one place for it.
enum SessionStartup {
  /// libpq's settings that a connection string may say otherwise.
  static func defaults(_ configuration: PostgresConfiguration) -> [(keyword: String, value: String)] {
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

  /// Server settings that every session states.
  static func settings(_ configuration: PostgresConfiguration) -> [(name: String, value: String)] {
    var settings = [
      // The other direction: a client host that vanished without a word (no FIN) leaves neither locks nor its session
      // behind for longer than a lease (30 s). Nothing of it concerns unix sockets.
      ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"),
      ("tcp_user_timeout", "25000"),
    ]
    if let statementTimeout = configuration.statementTimeout {
      settings.append(("statement_timeout", String(statementTimeout.wholeMilliseconds)))
    }
    return settings
  }

  /// Stated where the server has them, and done without where it has not.
  static func wishes(serverVersion: Int32) -> [(name: String, value: String)] {
    // The same while a statement runs: not every operating system of a server can tell.
    serverVersion >= 140_000 ? [("client_connection_check_interval", "10000")] : []
  }

  /// States all of `$1` (names) with `$2` (values) in one round trip.
  static let sql =
    "SELECT pg_catalog.set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS u(name, value)"
  /// invalid_parameter_value and undefined_object: what a server says that lacks a setting.
  static let refusals = ["22023", "42704"]
}
