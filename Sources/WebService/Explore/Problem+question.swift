internal import Base
internal import HTTPTypes
internal import Postgres

extension Problem {
  /// What the server says of a question, in its words, with the place in the question.
  init(question error: PostgresError, asked: String, limit: Duration) {
    let state = error.sqlState ?? ""
    switch state {
    case "57014": self = .tookTooLong(limit)
    // Not within the function that asks: it could not be called.
    case "42501" where error.context == nil:
      self.init(
        .serviceUnavailable, error.message,
        hint: "The service's login may not ask for readers: aker migrate, then aker doctor.")
    case "42501":
      self.init(.forbidden, error.message, hint: error.hint ?? "Questions may read what a viewer may, and do nothing.")
    // read_only_sql_transaction; invalid_cursor_definition: of what gives no rows.
    case "25006":
      self.init(.forbidden, error.message, hint: "Questions only read.")
    case "42P11":
      self.init(
        .unprocessableContent, error.message,
        hint: "Ask one query: SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW.")
    case "AK006": self.init(.serviceUnavailable, error.message, hint: error.hint)
    default:
      let isServers = ["53", "58", "XX"].contains { state.hasPrefix($0) } && state != "53400"
      self.init(isServers ? .serviceUnavailable : .unprocessableContent, error.message, hint: error.hint)
    }
    causes = [error.detail, error.sqlState.map { "SQLSTATE \($0)" }].compactMap { $0 }
    // Of this text, and not of a function's that it calls.
    if let inner = error.inner, inner.statement == asked { position = inner.position }
  }
}
