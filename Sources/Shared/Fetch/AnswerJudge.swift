internal import Catalog
internal import FoundationEssentials
internal import Telemetry

/// Tells an answer that may be kept from one that only looks like it.
struct AnswerJudge {
  let request: FetchRequest
  let source: SourceDefinition
  let address: RequestAddress

  /// What is wrong with the answer; nil when it is what was asked for.
  func verdict(_ response: HTTPTransfer.Response) -> FetchError? {
    let beginning = String(decoding: response.beginning, as: UTF8.self)
    if let error = rule(beginning) { return error }
    if !(200..<300).contains(response.status) { return statusError(response, beginning) }
    if response.status == 204 { return error(.status(204), .permanent) }
    return contentError(response, beginning)
  }

  // MARK: Rules of the registry

  private func rule(_ beginning: String) -> FetchError? {
    for rule in source.errorRules {
      guard let pattern = rule.bodyPattern, let regex = try? Regex(pattern), let match = beginning.firstMatch(of: regex)
      else { continue }
      let errorClass: ErrorClass =
        switch rule.verdict {
        case .transient: .transient
        case .rateLimited: .rateLimited
        case .permanent: .permanent
        case .data: .data
        }
      let message = Self.title(beginning) ?? String(beginning[match.range].prefix(200))
      return error(.reported(address.redaction(message)), errorClass, advice: rule.advice)
    }
    return nil
  }

  // MARK: Status

  private func statusError(_ response: HTTPTransfer.Response, _ beginning: String) -> FetchError {
    let status = response.status
    let errorClass: ErrorClass =
      if source.retry.permanentStatuses.contains(status) {
        .permanent
      } else if source.retry.transientStatuses.contains(status) {
        .transient
      } else if status == 429 || (status == 503 && response.headers["retry-after"] != nil) { .rateLimited }
      // 408 request timeout, 425 too early: worth another try, as is whatever the server says is its own fault.
      else if status >= 500 || status == 408 || status == 425 { .transient } else { .permanent }
    var error = error(.status(status), errorClass)
    error.retryAfter = response.headers["retry-after"].flatMap(Self.retryAfter)
    switch status {
    case 401, 403:
      error.advice = source.authKeyName.map { "Check the key in AKER_\($0)." }
    case 404:
      error.advice = "Not published (yet)? Check the year against the source."
    default: break
    }
    let text = beginning.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) }
    if let text, !Self.isHTML(beginning) {
      error.reason = .reported("\(status) \(address.redaction(text))")
    }
    return error
  }

  /// Seconds, or a date: `Wed, 21 Oct 2026 07:28:00 GMT`.
  static func retryAfter(_ text: String) -> Duration? {
    if let seconds = Int(text) { return .seconds(max(0, seconds)) }
    let fields = text.split(whereSeparator: { " :,".contains($0) })
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard fields.count >= 7, let day = Int(fields[1]), let month = months.firstIndex(of: String(fields[2])),
      let year = Int(fields[3]), let hour = Int(fields[4]), let minute = Int(fields[5]), let second = Int(fields[6]),
      let date = try? Date(
        "\(year)-\(Self.two(month + 1))-\(Self.two(day))T\(Self.two(hour)):\(Self.two(minute)):\(Self.two(second))Z",
        strategy: .iso8601)
    else { return nil }
    return .seconds(max(0, date.timeIntervalSinceNow))
  }

  private static func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }

  // MARK: Content

  private func contentError(_ response: HTTPTransfer.Response, _ beginning: String) -> FetchError? {
    let found = Self.content(response.beginning, beginning)
    guard request.expected != .any, request.expected != .html || found != .html else { return nil }
    let fits: Bool =
      switch request.expected {
      case .any: true
      case .json: found == .json
      case .xml: found == .xml
      case .zip: found == .zip
      case .gzip: found == .gzip
      case .parquet: found == .parquet
      case .html: found == .html
      // A text format may begin with anything but a page or something binary.
      case .text: found == .text || found == .json
      }
    if fits { return nil }
    let title = found == .html ? Self.title(beginning).map { address.redaction($0) } : nil
    // A page in place of data is most often maintenance, a block or a moved file; rules say where it is final.
    return error(
      .unexpectedContent(expected: request.expected.rawValue, found: found.rawValue, title: title),
      response.redirectCount > 0 ? .permanent : .transient)
  }

  private static func content(_ bytes: [UInt8], _ text: String) -> FetchRequest.Content {
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) { return .zip }
    if bytes.starts(with: [0x1F, 0x8B]) { return .gzip }
    if bytes.starts(with: Array("PAR1".utf8)) { return .parquet }
    let trimmed = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if isHTML(text) { return .html }
    if trimmed.hasPrefix("<") { return .xml }
    if trimmed.hasPrefix("{") || trimmed.hasPrefix("[") { return .json }
    return .text
  }

  private static func isHTML(_ text: String) -> Bool {
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(512).lowercased()
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
      || (start.hasPrefix("<") && start.contains("<head"))
  }

  static func title(_ text: String) -> String? {
    guard let match = text.firstMatch(of: /(?i)<title[^>]*>\s*([^<]*?)\s*<\/title>/) else { return nil }
    return String(match.1)
  }

  private func error(_ reason: FetchError.Reason, _ errorClass: ErrorClass, advice: String? = nil) -> FetchError {
    FetchError(
      sourceID: source.id, url: address.shown, reason: reason, errorClass: errorClass, retryAfter: nil, advice: advice)
  }
}
