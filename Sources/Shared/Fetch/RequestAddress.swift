internal import Catalog
internal import FoundationEssentials
internal import HTTP
internal import Base
internal import Telemetry

/// A request's URL and headers with the source's secret in its place, and the same without it, for everything that is
/// shown or kept.
struct RequestAddress: Sendable {
  let url: String
  let headers: [String]
  /// Headers that hold the secret.
  let secretHeaders: [String]
  /// The body, with the secret in its place.
  let body: [UInt8]
  let credentials: String?
  /// The URL without the secret.
  let shown: String
  /// Names the request in the cache: what is asked, and nothing about who asks.
  let key: String
  let redaction: Redaction

  init(_ request: FetchRequest, source: SourceDefinition, secret: (String) throws -> String?) throws {
    let value = try source.authKeyName.flatMap { try secret($0) }
    redaction = Redaction(secrets: value.map { [$0] } ?? [])
    var query = request.query
    var headers = request.headers.map { "\($0.name): \($0.value)" }
    var secretHeaders: [String] = []
    var credentials: String?
    let plain = source.endpoint + request.path + Self.encoded(query)
    if let value {
      switch source.authentication {
      case .query(let name): query.append(.init(name: name, value: value))
      case .header(let name): secretHeaders.append("\(name): \(value)")
      case .bearer: secretHeaders.append("Authorization: Bearer \(value)")
      case .body: break  // in the place of {key}, below
      case .basic: credentials = value
      case .aws: break  // signed, not sent
      case nil: break
      }
    }
    if !request.body.isEmpty, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      headers.append("Content-Type: application/json")
    }
    url = source.endpoint + request.path + Self.encoded(query)
    self.headers = headers
    self.secretHeaders = secretHeaders
    self.credentials = credentials
    body =
      if case .body = source.authentication { Self.body(request.body, key: value) } else { request.body }
    shown = plain
    let body = String(decoding: request.body, as: UTF8.self)
    // Bytes as they are, not as text: two uploads that differ in a stray byte are two requests.
    let parts = request.multipart.map { part in
      var hash = SHA256()
      part.bytes.withUnsafeBytes { hash.update($0) }
      return "\n\(part.name) \(part.fileName ?? "") \(hash.finish())"
    }
    key = SHA256.hash("\(request.method.rawValue) \(plain)\n\(redaction(body))\(parts.joined())")
  }

  /// The JSON with the key in the place of `{key}`. Without a key the member that would have it is left out: an empty key
  /// is a wrong one, and many sources answer a little without.
  private static func body(_ bytes: [UInt8], key: String?) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let key else {
      return Array(text.replacing(/,"[^"]*":"\{key\}"|"[^"]*":"\{key\}",?/, with: "").utf8)
    }
    let quoted = (try? JSONEncoder().encode(key)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    return Array(text.replacing("\"{key}\"", with: quoted).replacing("{key}", with: key).utf8)
  }

  /// `?a=b&c=d`, percent-encoded; `*`, `:` and `,` stay, as the Census API's own examples have them.
  private static func encoded(_ query: [FetchRequest.Parameter]) -> String {
    guard !query.isEmpty else { return "" }
    return "?" + query.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  }

  private static func encoded(_ text: String) -> String { PercentEncoding.encoded(text, keeping: "*:,/") }
}
