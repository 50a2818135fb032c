import FoundationEssentials
import NIOHTTP1

/// A key that a source wants to see, as `key:` of its manifest gives it.
struct SourceKey: Decodable, Sendable {
  enum Place: String, Decodable, Sendable {
    /// `name=value` in the query.
    case query
    /// `name: value`.
    case header
    /// `Authorization: Bearer value`.
    case bearer
    /// `Authorization: Basic …`, value being `user:password`.
    case basic
  }

  var place: Place
  var name: String?
  var value: String

  private enum CodingKeys: String, CodingKey {
    case place = "in"
    case name
    case value
  }

  func isGiven(in request: Request) -> Bool {
    let authorization = request.headers.first(name: "Authorization")
    switch place {
    case .query: return name.flatMap { request.query.value(ignoringCase: $0) } == value
    case .header: return name.flatMap { request.headers.first(name: $0) } == value
    case .bearer: return authorization == "Bearer " + value
    case .basic: return authorization == "Basic " + Data(value.utf8).base64EncodedString()
    }
  }
}
