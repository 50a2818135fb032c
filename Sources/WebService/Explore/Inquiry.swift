internal import Console
internal import FoundationEssentials
internal import HTTPTypes
internal import Postgres

/// One question in SQL, on a session of its own that ends with it (docs/decisions/0062-questions-of-readers.md).
///
/// Its statements run in functions that belong to aker_reader, in a transaction that only reads and never commits. Whatever
/// the question makes of the session's settings is said anew before each further statement.
final class Inquiry: Sendable {
  let columns: [QuestionAnswer.Column]
  private let session: Session
  private let names: String

  /// Apart from the rest, so that it is ended however the beginning ends.
  struct Session: Sendable {
    let connection: PostgresConnection
    let deadline: ContinuousClock.Instant
    let limit: Duration
    let watch: QuestionWatch
    let turn: Turnstile.Turn
  }

  private static let cursor = "aker_question"
  private static let batchRows = 500
  private static let batchBytes = 262_144

  private init(_ session: Session, names: String, columns: [QuestionAnswer.Column]) {
    self.session = session
    self.names = names
    self.columns = columns
  }

  /// - Throws: `PostgresError` with what is wrong with the question; `Problem`.
  static func begin(_ question: String, on session: Session) async throws -> Inquiry {
    let connection = session.connection
    try await connection.beginReading()
    let opened = try await connection.one(
      """
      SELECT current_setting('search_path') AS names, pg_backend_pid() AS pid, CASE current_setting('is_superuser')
        WHEN 'on' THEN set_config('temp_file_limit', $1, true) END, set_config('role', 'aker_reader', true)
      """, [QuestionLimits.temporaryFiles])
    let names: String = try opened.decode("names")
    await session.watch.add(try opened.decode("pid"))
    _ = try await connection.pipeline([
      try settings(session, names), PostgresStatement("SELECT service.begin_question($1, $2)", [question, names]),
    ])
    let described = try await connection.columns(ofCursor: cursor)
    let types = try await connection.query(
      """
      SELECT format_type(t.type, t.modifier) AS name
      FROM unnest($1::oid[], $2::integer[]) WITH ORDINALITY AS t (type, modifier, ordinal) ORDER BY t.ordinal
      """, [described.map { Int64($0.type) }, described.map { Int64($0.modifier) }])
    let columns = try zip(described, types).map { column, type in
      QuestionAnswer.Column(name: column.name, type: try type.decode("name"))
    }
    return Inquiry(session, names: names, columns: columns)
  }

  /// The next rows; none after the last.
  ///
  /// - Parameter asJSON: as objects; else as records (`RecordText`).
  func rows(_ most: Int, asJSON: Bool) async throws -> [String] {
    let answer = try await session.connection.pipeline([
      try Self.settings(session, names),
      PostgresStatement(
        "SELECT content FROM service.answer_rows($1, $2, $3, $4, $5) AS content",
        [names, min(most, Self.batchRows), Self.batchBytes, QuestionLimits.rowBytes, asJSON]),
    ])
    return (answer.last ?? []).compactMap { $0.text(0) }
  }

  func end() async {
    await Self.end(session)
  }

  /// Also where whoever asked is gone, and their task cancelled.
  static func end(_ session: Session) async {
    await Task {
      await session.connection.endReading()
      await session.watch.close()
    }.value
  }

  /// What holds for the next statement, whatever the question did to it.
  private static func settings(_ session: Session, _ names: String) throws -> PostgresStatement {
    let left = session.deadline - .now
    guard left > .zero else { throw Problem.tookTooLong(session.limit) }
    return PostgresStatement(
      """
      SELECT pg_catalog.set_config(s.name, s.value, true) FROM (VALUES ('statement_timeout', $1), ('search_path', $2),
        ('idle_in_transaction_session_timeout', '90000'), ('client_encoding', 'UTF8'), ('lock_timeout', '0'),
        ('extra_float_digits', '1')) AS s (name, value)
      """, ["\(max(1, Int(left / .milliseconds(1))))", names])
  }
}

extension Problem {
  static func tookTooLong(_ limit: Duration) -> Problem {
    Problem(
      .gatewayTimeout, "the answer was not complete after \(limit.components.seconds) s, and was ended",
      hint: "Ask for less: a year, a dataset, a LIMIT; EXPLAIN tells what the question costs.")
  }
}
