import NIOHTTP1

/// `recordings/<source>/manifest.yml`, as far as it changes what is served; the rest of it is for people.
struct Manifest: Decodable, Sendable {
  /// Made up, rather than recorded from the source: served with `X-Simulator-Synthetic: true`.
  var synthetic = false
  /// Answers 401 without it.
  var key: SourceKey?
  /// Answers 403 to who does not name an e-mail address in `User-Agent`, as download.bls.gov does.
  var requiresContact = false

  init() {}

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    synthetic = try values.decodeIfPresent(Bool.self, forKey: .synthetic) ?? false
    key = try values.decodeIfPresent(SourceKey.self, forKey: .key)
    requiresContact = try values.decodeIfPresent(Bool.self, forKey: .requiresContact) ?? false
  }

  private enum CodingKeys: String, CodingKey {
    case synthetic
    case key
    case requiresContact = "requires_contact"
  }

  /// What is answered to a request that the source does not let in.
  func refusal(of request: Request) -> Response? {
    if requiresContact, request.headers.first(name: "User-Agent")?.contains("@") != true {
      return .html(.forbidden, title: "Access Denied", text: "Automated retrieval must name a contact e-mail address.")
    }
    if let key, !key.isGiven(in: request) {
      return .json(["message": "Not Authorized - Invalid Token"], status: .unauthorized)
    }
    return nil
  }
}
