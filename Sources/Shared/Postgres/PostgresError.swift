package import Base

/// What went wrong between us and the server.
package struct PostgresError: ClassifiedError, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// The server could not be reached, or the connection broke.
    case connection
    /// The server answered with an error; `sqlState` says which.
    case server
    /// A value did not have the type it was asked for, or a row or column was missing.
    case decoding
    /// The connection was used against its rules, such as a direct call while a transaction is open on it.
    case usage
  }

  package var kind: Kind
  /// Five characters, from the server; for instance `40001`. See Postgres' appendix A, and docs/queue.md for `AK...`.
  package var sqlState: String?
  package var message: String
  package var detail: String?
  package var hint: String?
  package var context: String?
  package var constraint: String?
  /// 1-based character position in the statement, where the server gives one.
  package var position: Int?
  /// The statement within a function that it is about, and where in it: of a query that a function was given as text.
  package var inner: Inner?
  package struct Inner: Sendable {
    package var statement: String
    /// 1-based, in characters.
    package var position: Int?
  }
  /// Whether the connection broke while the answer to COMMIT was awaited: the transaction may have committed, may be
  /// about to, or may be gone. Ask before anything else is said or done.
  package var isCommitInDoubt = false

  package init(
    _ kind: Kind, _ message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil,
    context: String? = nil, constraint: String? = nil, position: Int? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.detail = detail
    self.hint = hint
    self.context = context
    self.constraint = constraint
    self.position = position
  }

  /// Whether the session is gone (or never came to be), so that the same call may work on a new connection.
  package var isConnectionFailure: Bool {
    if kind == .connection { return true }
    guard let sqlState else { return false }
    // 08: connection exception; 57P01-57P03, 57P05: the server shut down, crashed, is not ready or ended the session;
    // 25P03: it ended a session that idled in a transaction; 25006: it is read-only, a standby since a fail-over.
    return sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05", "25P03", "25006"].contains(sqlState)
  }

  package var errorClass: ErrorClass {
    if isConnectionFailure { return .transient }
    guard let sqlState else { return .permanent }
    // 40: serialization or deadlock; 53: out of memory, disk or connections; 55006: in use; 55P03: lock timeout;
    // 57014: cancelled; 58: I/O trouble on the server.
    let transient =
      ["40", "53", "58"].contains { sqlState.hasPrefix($0) } || ["55006", "55P03", "57014"].contains(sqlState)
    return transient || isCatalogRace ? .transient : .permanent
  }

  /// Somebody dropped, altered or granted the same table or function in that moment, as a migration does. Postgres has no
  /// SQLSTATE for it, and does not translate it.
  package var isCatalogRace: Bool {
    sqlState == "XX000" && Self.catalogRaces.contains { message.hasPrefix($0) }
  }
  private static let catalogRaces = [
    "tuple concurrently ", "cache lookup failed for ", "could not open relation with OID ",
  ]

  /// Another transaction came in this one's way, as a migration may, and this one was undone as a whole: it can be begun
  /// again at once.
  package var isCollision: Bool {
    isCatalogRace || ["40001", "40P01"].contains(sqlState)  // serialization_failure, deadlock_detected
  }

  /// A server that is away, or has no more room or sessions, is no fault of the task that meets it; nor is what others do in
  /// it.
  package var isHosts: Bool { isConnectionFailure || isCollision || sqlState?.hasPrefix("53") == true }

  package var exitStatus: ExitStatus {
    switch sqlState {
    case "42501": .noPermission
    // What the database's functions refuse: see `QueueError`.
    case "AK006": .transient
    case let state? where state.hasPrefix("AK"): .usage
    default: isConnectionFailure ? .unavailable : errorClass.exitStatus
    }
  }

  package var summary: String {
    var text = message
    if let detail { text += " (\(detail))" }
    if let sqlState { text += " [SQLSTATE \(sqlState)]" }
    if isCommitInDoubt { text += "; whether it was committed is not known: look before it is done again" }
    return text
  }

  package var advice: String? { hint }

  package var causes: [String] {
    [
      sqlState.map { "SQLSTATE \($0)" }, detail, constraint.map { "constraint \($0)" },
      context.map { "while: " + $0.split(whereSeparator: \.isNewline).joined(separator: "; ") },
    ].compactMap { $0 }
  }

  package var description: String {
    var text = "Postgres: \(summary)"
    if let hint { text += " Hint: \(hint)" }
    if let context { text += " Context: \(context)" }
    return text
  }
}
