package import FoundationEssentials

/// One thing a partition was made from.
package struct LineageInput: Sendable {
  package enum Origin: Sendable {
    /// A document of a source; secrets are redacted from `url`.
    case source(id: String, url: String, fetchedAt: Date, status: Int, cacheHit: Bool)
    /// A partition of another dataset.
    case dataset(name: String, publicationID: Int64)
  }

  package var requestName: String
  package var origin: Origin
  /// Nil when an optional level was not offered.
  package var sha256: String?
  package var byteCount: Int64?
  package var isSynthetic: Bool
  /// The values of the request's variables that it was asked for.
  package var parameters: [String: String]
  package var note: String?

  package init(
    requestName: String, origin: Origin, sha256: String?, byteCount: Int64?, isSynthetic: Bool,
    parameters: [String: String] = [:], note: String? = nil
  ) {
    self.requestName = requestName
    self.origin = origin
    self.sha256 = sha256
    self.byteCount = byteCount
    self.isSynthetic = isSynthetic
    self.parameters = parameters
    self.note = note
  }

  struct Body: Encodable {
    let ordinal: Int
    let kind: String
    let request_name: String
    let source_id: String?
    let url: String?
    let fetched_at: String?
    let status: Int?
    let sha256: String?
    let byte_count: Int64?
    let cache_hit: Bool
    let synthetic: Bool
    let input_publication_id: Int64?
    let parameters: [String: String]?
    let note: String?
  }

  func body(ordinal: Int) -> Body {
    switch origin {
    case .source(let id, let url, let fetchedAt, let status, let cacheHit):
      Body(
        ordinal: ordinal, kind: "source", request_name: requestName, source_id: id, url: url,
        fetched_at: fetchedAt.formatted(.iso8601), status: status, sha256: sha256, byte_count: byteCount,
        cache_hit: cacheHit, synthetic: isSynthetic, input_publication_id: nil,
        parameters: parameters.isEmpty ? nil : parameters, note: note)
    case .dataset(_, let publicationID):
      Body(
        ordinal: ordinal, kind: "dataset", request_name: requestName, source_id: nil, url: nil, fetched_at: nil,
        status: nil, sha256: sha256, byte_count: byteCount, cache_hit: false, synthetic: isSynthetic,
        input_publication_id: publicationID, parameters: nil, note: note)
    }
  }
}
