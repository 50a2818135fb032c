internal import Base
internal import Catalog
internal import FoundationEssentials
internal import HTTP
internal import Telemetry

/// Tells an answer that may be kept from one that only looks like it.
struct AnswerJudge {
  let request: FetchRequest
  let source: SourceDefinition
  let address: RequestAddress

  /// What is wrong with the answer; nil when it is what was asked for.
  func verdict(_ response: HTTPTransfer.Response) -> FetchError? {
    let bytes = Self.unfolded(response.beginning)
    let beginning = Self.text(bytes)
    guard var error = verdict(response, bytes, beginning) else { return nil }
    error.causes = ["HTTP \(response.status) from \(URLHost.of(response.effectiveURL))"]
    if let said = Self.said(beginning) { error.causes.append("it said: \(address.redaction(said))") }
    return error
  }

  /// The answer's own words: a page's title, or the first line of a text.
  private static func said(_ beginning: String) -> String? {
    let line = title(beginning) ?? beginning.split(whereSeparator: \.isNewline).first.map(String.init)
    guard let line, !line.isEmpty, !line.utf8.contains(where: { $0 < 9 }) else { return nil }
    return String(line.prefix(300))
  }

  private func verdict(_ response: HTTPTransfer.Response, _ bytes: [UInt8], _ beginning: String) -> FetchError? {
    if let error = rule(response, bytes, beginning) { return error }
    if !(200..<300).contains(response.status) { return statusError(response, beginning) }
    if response.status == 204 { return error(.status(204), .permanent) }
    return wholenessError(response, bytes) ?? contentError(response, bytes, beginning)
  }

  private static let gzipMark: [UInt8] = [0x1F, 0x8B]
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// What a document that is sent as gzip begins with; of any other, the bytes as they came.
  private static func unfolded(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.starts(with: gzipMark) else { return bytes }
    var found: [UInt8] = []
    let inflater = Inflater()
    _ = bytes.withUnsafeBytes { folded in
      inflater.inflate(folded) { piece in
        found.append(contentsOf: piece)
        return found.count < HTTPTransfer.beginningByteCount
      }
    }
    return found
  }

  /// Enough to recognise a document by: UTF-16 (feeds have it) loses its zero bytes.
  private static func text(_ bytes: [UInt8]) -> String {
    let isWide = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    return String(decoding: isWide ? bytes.dropFirst(2).filter { $0 != 0 } : bytes, as: UTF8.self)
  }

  // MARK: Rules of the registry

  private func rule(_ response: HTTPTransfer.Response, _ bytes: [UInt8], _ beginning: String) -> FetchError? {
    // Errors are short: a body that is longer than what was kept of it is not parsed.
    lazy var json =
      response.byteCount == Int64(response.beginning.count) ? JSONValue.parse(bytes) : nil
    for rule in source.errorRules {
      guard rule.statuses.isEmpty || rule.statuses.contains(response.status) else { continue }
      var message = Self.title(beginning)
      if let header = rule.header, response.headers[header] == nil { continue }
      if let pattern = rule.bodyPattern {
        guard let regex = try? Regex(pattern), let match = beginning.firstMatch(of: regex) else { continue }
        message = message ?? String(beginning[match.range])
      }
      if let path = rule.jsonPath {
        guard let value = json?.at(path), !value.isEmpty else { continue }
        if let pattern = rule.valuePattern {
          guard let regex = try? Regex(pattern), let text = value.text, text.firstMatch(of: regex) != nil else {
            continue
          }
        }
        message = rule.messagePath.flatMap { json?.at($0)?.text } ?? value.text
      }
      let errorClass: ErrorClass =
        switch rule.verdict {
        case .transient: .transient
        case .rateLimited: .rateLimited
        case .permanent: .permanent
        case .data: .data
        }
      let text = message ?? beginning.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      var error = error(
        .reported("\(response.status) \(address.redaction(String(text.prefix(300))))"), errorClass, advice: rule.advice)
      error.retryAfter = retryAfter(response)
      return error
    }
    return nil
  }

  // MARK: Wholeness

  /// A document is what a 200 brings, and it is not empty. All else of the 2xx says that this is not it, or not all of it, or
  /// not as the source wrote it; the next answer may be.
  private func wholenessError(_ response: HTTPTransfer.Response, _ bytes: [UInt8]) -> FetchError? {
    var error: FetchError
    if response.status != 200 {
      let what = Self.oddSuccesses[response.status].map { " (\($0))" } ?? ""
      error = self.error(.noDocument("\(response.status)\(what)"), .transient)
    } else if response.byteCount <= Int64(HTTPTransfer.beginningByteCount),
      (bytes.starts(with: Self.byteOrderMark) ? bytes.dropFirst(3) : bytes[...]).allSatisfy({
        $0 == 0x20 || (0x09...0x0D).contains($0)
      }), Self.endsWhole(response.beginning)
    {
      error = self.error(.noDocument("an empty body"), .transient)
    } else if !response.hasStatedEnd, request.expected == .text, request.hasFinalNewline,
      response.lastByte != UInt8(ascii: "\n"), !response.beginning.starts(with: Self.gzipMark)
    {
      // Documents of other kinds have an end of their own.
      error = self.error(
        .truncated("no length, no last chunk and no end of a line says that it is whole"), .transient,
        advice: """
          It is asked for again. If its source never ends the last line of this document, state the request's \
          `final_newline: false`; what is missing of that line is not noticed then.
          """)
    } else {
      return nil
    }
    error.retryAfter = retryAfter(response)
    return error
  }

  /// Whether nothing of what is folded was lost: what is damaged is not called empty.
  private static func endsWhole(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: gzipMark) else { return true }
    let inflater = Inflater()
    return bytes.withUnsafeBytes { inflater.inflate($0) { _ in true } } && inflater.isAtEnd
  }

  private static let oddSuccesses = [
    202: "accepted: it is still being made", 203: "changed by a proxy on its way", 206: "a part that nobody asked for",
    207: "several statuses", 226: "a difference to another version",
  ]

  private func retryAfter(_ response: HTTPTransfer.Response) -> Duration? {
    response.headers["retry-after"].flatMap { ServerPause.retryAfter($0, sentAt: response.headers["date"]) }
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
      // 408 request timeout, 425 too early: worth another try, as is whatever the server says is its own fault; and a 304
      // that nobody asked for.
      else if status >= 500 || [304, 408, 425].contains(status) { .transient } else { .permanent }
    var error = error(.status(status), errorClass)
    error.retryAfter = retryAfter(response)
    switch status {
    case 401, 403:
      error.advice = source.authKeyName.map { "Check the key in AKER_\($0)." }
    case 404:
      error.advice = "Not published (yet)? Check the year against the source."
    default: break
    }
    let text =
      Self.storageMessage(beginning)
      ?? beginning.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) }
    if let text, !Self.isHTML(beginning) {
      error.reason = .reported("\(status) \(address.redaction(text))")
    }
    return error
  }

  /// What S3 says in its XML.
  private static func storageMessage(_ text: String) -> String? {
    guard let code = text.firstMatch(of: /<Error>.*?<Code>([^<]*)<\/Code>/.dotMatchesNewlines()) else { return nil }
    let message = text.firstMatch(of: /<Message>([^<]*)<\/Message>/)
    return "\(code.1)" + (message.map { ": \($0.1)" } ?? "")
  }

  // MARK: Content

  private func contentError(_ response: HTTPTransfer.Response, _ bytes: [UInt8], _ beginning: String) -> FetchError? {
    let isFolded = response.beginning.starts(with: Self.gzipMark)
    let found = Self.content(bytes, beginning)
    guard request.expected != .any, request.expected != .html || found != .html else { return nil }
    if let kind = Self.binaryKind(bytes) {
      return error(
        .unexpectedContent(
          expected: request.expected.rawValue, found: (isFolded ? "gzip of " : "") + kind, title: nil), .data,
        advice: "Nothing here reads \(kind). Ask the source for another form of it, or unpack it before.")
    }
    if found == .zip, !isFolded, [.text, .json, .xml, .gzip].contains(request.expected) {
      return error(
        .unexpectedContent(expected: request.expected.rawValue, found: found.rawValue, title: nil), .data,
        advice: "State `member:`, the name of what is to be read from the zip, or a glob such as \"*.csv\".")
    }
    let fits: Bool =
      switch request.expected {
      case .any: true
      case .json: found == .json
      case .xml: found == .xml
      case .zip: found == .zip && !isFolded
      // A transfer that was decompressed on its way, and a text that its source compresses from one day on: both are read.
      case .gzip: found != .html && isFolded || found == .text || found == .json
      case .parquet: found == .parquet && !isFolded
      case .html: found == .html
      // A text format may begin with anything but a page or something binary.
      case .text: found == .text || found == .json
      }
    if fits { return nil }
    let title = found == .html ? Self.title(beginning).map { address.redaction($0) } : nil
    // A page in place of data is most often maintenance, a block or a moved file; rules say where it is final.
    return error(
      .unexpectedContent(
        expected: request.expected.rawValue, found: (isFolded ? "gzip of " : "") + found.rawValue, title: title),
      response.redirectCount > 0 ? .permanent : .transient)
  }

  /// What is neither text nor one of the formats that are read, by what it begins with; nil for all else.
  private static func binaryKind(_ bytes: [UInt8]) -> String? {
    binaryKinds.first { bytes.starts(with: $0.mark) }?.name
  }

  private static let binaryKinds: [(mark: [UInt8], name: String)] = [
    (gzipMark, "gzip"), ([0x1F, 0x9D], "compress (.Z)"), (Array("BZh".utf8), "bzip2"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
    (Array("7z".utf8) + [0xBC, 0xAF], "7-Zip"), (Array("Rar!".utf8), "RAR"), (Array("%PDF-".utf8), "PDF"),
    ([0xD0, 0xCF, 0x11, 0xE0], "an Office file of the old kind, or one with a password"),
    ([0x89, 0x50, 0x4E, 0x47], "PNG"), ([0xFF, 0xD8, 0xFF], "JPEG"),
  ]

  private static func content(_ bytes: [UInt8], _ text: String) -> FetchRequest.Content {
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) { return .zip }
    if bytes.starts(with: Array("PAR1".utf8)) { return .parquet }
    let trimmed = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if isHTML(text) { return .html }
    if trimmed.hasPrefix("<") { return .xml }
    if trimmed.hasPrefix("{") || trimmed.hasPrefix("[") { return .json }
    return .text
  }

  private static func isHTML(_ text: String) -> Bool {
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(512).lowercased()
    return start.hasPrefix("<")
      && (start.contains("<!doctype html") || start.contains("<html") || start.hasPrefix("<head"))
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
