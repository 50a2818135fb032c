internal import Base
internal import Console
internal import HTTPTypes
internal import Logging
internal import NIOCore
internal import Postgres

/// Answers questions in SQL, each under the rights of aker_reader, within limits.
struct Explorer: Sendable {
  let limits: QuestionLimits
  private let database: PostgresConfiguration
  private let pool: PostgresPool
  private let turnstile: Turnstile

  /// - Parameter pool: the service's own sessions, by which questions are watched.
  init(_ limits: QuestionLimits, database: PostgresConfiguration, pool: PostgresPool) {
    self.limits = limits
    var database = database
    // What a question can read of its own session is of no use elsewhere.
    database.incarnation = Incarnation()
    database.applicationName = "aker question"
    database.answerLimit = .seconds(60)
    self.database = database
    self.pool = pool
    turnstile = Turnstile(limits)
  }

  /// The form in which rows are wanted.
  enum Form: String, Sendable, CaseIterable {
    /// Objects of JSON, as Postgres makes them.
    case objects
    /// Lists of texts, as Postgres writes each value.
    case texts
  }

  struct Answer: Sendable {
    var columns: [QuestionAnswer.Column]
    /// As the form has them.
    var rows: [String]
    var cut: QuestionAnswer.Cut?
    var seconds: Double
  }

  /// A bounded answer, in memory.
  ///
  /// - Throws: `Problem`.
  func answer(_ question: String, form: Form, rows most: Int, as caller: Caller) async throws -> Answer {
    let began = ContinuousClock.now
    return try await asking(question, within: limits.time, as: caller) { inquiry in
      if form == .objects { try Self.requireDistinctNames(inquiry.columns) }
      var rows: [String] = []
      var bytes = 0
      var cut: QuestionAnswer.Cut?
      while cut == nil {
        let batch = try await inquiry.rows(most - rows.count + 1, asJSON: form == .objects)
        if batch.isEmpty { break }
        for row in batch {
          // The first row always is told.
          if rows.count == most || (bytes + row.utf8.count > QuestionLimits.answerBytes && !rows.isEmpty) {
            cut = rows.count == most ? .rows : .bytes
            break
          }
          bytes += row.utf8.count
          rows.append(row)
        }
      }
      return Answer(
        columns: inquiry.columns, rows: rows, cut: cut, seconds: (ContinuousClock.now - began) / .seconds(1))
    }
  }

  /// A question whose rows are read as they are sent; who is given it ends it.
  ///
  /// - Throws: `Problem`.
  func download(_ question: String, as caller: Caller) async throws -> Download {
    let session = try await session(within: limits.downloadTime, as: caller)
    do {
      try Self.requireText(question)
      let inquiry = try await Inquiry.begin(question, on: session)
      let first = try await inquiry.rows(.max, asJSON: false)
      return Download(inquiry: inquiry, first: first, limits: limits)
    } catch {
      await Inquiry.end(session)
      throw await problem(error, question, session)
    }
  }

  private func asking<Result: Sendable>(
    _ question: String, within limit: Duration, as caller: Caller, _ body: (Inquiry) async throws -> Result
  ) async throws -> Result {
    try Self.requireText(question)
    let session = try await session(within: limit, as: caller)
    do {
      let result = try await body(try await Inquiry.begin(question, on: session))
      await Inquiry.end(session)
      return result
    } catch {
      let problem = await problem(error, question, session)
      await Inquiry.end(session)
      throw problem
    }
  }

  private func session(within limit: Duration, as caller: Caller) async throws -> Inquiry.Session {
    let turn = try turnstile.enter(caller)
    var database = database
    database.statementTimeout = limit
    return Inquiry.Session(
      connection: try await PostgresConnection.connect(database), deadline: .now + limit, limit: limit,
      watch: QuestionWatch(pool: pool), turn: turn)
  }

  private static func requireText(_ question: String) throws {
    guard question.contains(where: { !$0.isWhitespace }) else {
      throw Problem(.unprocessableContent, "there is no question", hint: "Such as: SELECT * FROM queue.cell LIMIT 10")
    }
    guard question.utf8.count <= QuestionLimits.textBytes else {
      throw Problem(
        .unprocessableContent, "the question has \(question.utf8.count) bytes, and \(QuestionLimits.textBytes) at most")
    }
    guard !question.utf8.contains(0) else { throw Problem(.unprocessableContent, "the question has a NUL") }
  }

  private static func requireDistinctNames(_ columns: [QuestionAnswer.Column]) throws {
    let counts = columns.reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
    guard let twice = columns.first(where: { counts[$0.name, default: 0] > 1 })?.name else { return }
    throw Problem(
      .unprocessableContent, "two columns are named '\(OutsideText.line(twice))'",
      hint: "Name one of them otherwise (… AS name), or ask for \"form\": \"texts\".")
  }

  // MARK: What went wrong

  private func problem(_ error: any Error, _ question: String, _ session: Inquiry.Session) async -> any Error {
    guard let error = error as? PostgresError, !error.isConnectionFailure || error.sqlState == "25006" else {
      return error
    }
    if await session.watch.hasEndedIt {
      return Problem(
        .forbidden, "a question takes no advisory locks",
        hint: "The queue relies on them; it was ended for that.")
    }
    return Problem(question: error, asked: question, limit: session.limit)
  }
}

/// A question's rows on their way, as CSV.
struct Download: Sendable {
  let inquiry: Inquiry
  let first: [String]
  let limits: QuestionLimits

  /// More than a download may have. What was sent by then must not be taken for all of it: it breaks off.
  struct TooLarge: Error {}

  /// Hands over piece after piece; the last one has been when it returns. Ends the question in any case.
  func csv(_ write: (ByteBuffer) async throws -> Void) async throws {
    do {
      try await pieces(write)
    } catch {
      await inquiry.end()
      throw error
    }
    await inquiry.end()
  }

  private func pieces(_ write: (ByteBuffer) async throws -> Void) async throws {
    var bytes: [UInt8] = []
    CSVLine.write(inquiry.columns.map(\.name), into: &bytes)
    var (rows, sent) = (0, 0)
    var batch = first
    while true {
      for row in batch { CSVLine.write(RecordText.columns(row, count: inquiry.columns.count), into: &bytes) }
      rows += batch.count
      sent += bytes.count
      guard rows <= limits.downloadRows, sent <= limits.downloadBytes else { throw TooLarge() }
      if !bytes.isEmpty { try await write(ByteBuffer(bytes: bytes)) }
      bytes.removeAll(keepingCapacity: true)
      if batch.isEmpty { return }
      batch = try await inquiry.rows(.max, asJSON: false)
    }
  }
}
