internal import Base
internal import Console
internal import FoundationEssentials
internal import HTTPTypes
internal import Postgres
internal import Queue

/// Why a request was refused or failed, as `application/problem+json` (RFC 9457) with the hint that a command would print.
struct Problem: Error {
  var status: HTTPResponse.Status
  var detail: String
  var hint: String?
  var causes: [String] = []
  var headers: [HTTPField.Name: String] = [:]
  /// Where in a question in SQL it is, in characters from 1.
  var position: Int?

  init(
    _ status: HTTPResponse.Status, _ detail: String, hint: String? = nil, causes: [String] = [],
    headers: [HTTPField.Name: String] = [:]
  ) {
    self.status = status
    self.detail = detail
    self.hint = hint
    self.causes = causes
    self.headers = headers
  }

  static let contentType = "application/problem+json"

  static let wrongToken = Problem(
    .unauthorized, "the token is not valid, or not any more", hint: "Make one: aker token create NAME",
    headers: [.wwwAuthenticate: "Bearer error=\"invalid_token\""])
  var isWrongToken: Bool { headers[.wwwAuthenticate] == Self.wrongToken.headers[.wwwAuthenticate] }

  /// Whatever was thrown, as whoever asked may know it.
  init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as PostgresError where QueueError(error) != nil: self.init(queue: QueueError(error)!)
    case let error as QueueError: self.init(queue: error)
    case let refusal as Refusal:
      // What is asked of the catalog's folder, or looked up before an act, says so in its words alone.
      let isMissing = refusal.kind == .missing || refusal.summary.hasPrefix("there is no ")
      let status: HTTPResponse.Status =
        isMissing ? .notFound : refusal.kind == .usage ? .unprocessableContent : .conflict
      self.init(status, refusal.summary, hint: refusal.advice)
    case let error as PostgresError where error.sqlState == "42501":
      self.init(
        .forbidden, "the database does not let this level do that",
        hint: "Ask with a token of a higher level: aker token ls tells them.")
    case let error as PostgresError where error.sqlState == "25006":
      self.init(.serviceUnavailable, "the database is a read-only standby now", hint: "Ask again in a while.")
    case let error as PostgresError where error.sqlState == "57014":
      self.init(.gatewayTimeout, "the database took too long", hint: "Ask for less: a backfill, a dataset, a year.")
    case let error as PostgresError where error.isConnectionFailure:
      self.init(
        .serviceUnavailable, "the database cannot be reached",
        hint: "Ask again in a while; aker doctor looks at each part.",
        headers: [.retryAfter: "5"])
    case let error as PostgresError where error.sqlState?.hasPrefix("22") == true:
      // What a parameter said does not fit its column: a number that is too large, a text with a NUL.
      self.init(.unprocessableContent, error.message)
    case let error as any ClassifiedError where error.exitStatus != .software:
      self.init(.internalServerError, error.summary, hint: error.advice, causes: error.causes)
    default:
      self.init(
        .internalServerError, "a fault of aker's",
        hint: "Please report it with the request; the service's log has more.")
    }
  }

  private init(queue error: QueueError) {
    let status: HTTPResponse.Status =
      switch error {
      case .notFound: .notFound
      case .wrongState: .conflict
      case .invalidRequest, .dependencyCycle: .unprocessableContent
      case .leaseLost, .workerEnded: .conflict
      // The service is of another version than the database: whoever keeps it is to act, and nothing in the request is wrong.
      case .outOfDate: .serviceUnavailable
      }
    self.init(status, error.summary, hint: error.advice)
  }

  private struct Body: Encodable {
    var title: String
    var status: Int
    var detail: String
    var hint: String?
    var causes: [String]?
    var position: Int?
  }

  var json: String {
    let body = Body(
      title: status.reasonPhrase, status: status.code, detail: OutsideText.lines(detail),
      hint: hint.map { OutsideText.lines($0) }, causes: causes.isEmpty ? nil : causes.map { OutsideText.lines($0) },
      position: position)
    return (try? AkerJSON.encoder().encode(body)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
