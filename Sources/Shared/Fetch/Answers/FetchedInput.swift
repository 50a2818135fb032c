package import Catalog
package import FoundationEssentials

/// A document in the raw cache, and all that is known of how it came there. Secrets are not part of it.
package struct FetchedInput: Sendable, Equatable, Codable {
  package var requestName: String
  package var sourceID: String
  /// As requested, secrets redacted.
  package var url: String
  /// Of the answer that the bytes came with; 204 or 404 for an optional document that the source does not offer.
  package var status: Int
  package var fetchedAt: Date
  /// Nil when the source does not offer it.
  package var sha256: String?
  package var byteCount: Int64
  /// Whether no bytes were transferred for this fetch: fresh by the source's TTL, or confirmed by a 304.
  package var cacheHit: Bool
  package var etag: String?
  package var lastModified: String?
  package var contentType: String?
  /// A made-up recording, by the simulator's word: never real figures.
  package var isSynthetic: Bool
  /// The local file; nil when the source does not offer it.
  package var path: String?
  /// What the request's variables were when this was asked for. The same bytes may answer other values, too, so they are
  /// no part of what the cache keeps.
  package var values: [String: String] = [:]
  /// Nil where it is not compressed, or nobody looked.
  package var folding: Folding?
  /// Whether a build or a check refused it: it is not served again before the source was asked anew.
  package var isSuspect: Bool { suspicion == true }
  /// As the index keeps it; absent where there is none.
  var suspicion: Bool?
  /// Under which the cache's index has it; nil for what does not come from there.
  var cacheKey: String?
  /// Of delimited text that was prepared: what its reader is told of it.
  package var layout: DelimitedLayout?
  /// The file that a place in the document is counted in: before anything was put right in it.
  package var text: String?

  /// What it is called in messages: its address, and which member of an archive it is.
  package func name(_ request: DatasetRequest) -> String {
    guard request.input.member != nil, let member = (text ?? path)?.split(separator: "/").last else { return url }
    return "\(member) of \(url)"
  }

  private enum CodingKeys: String, CodingKey {
    case requestName, sourceID, url, status, fetchedAt, sha256, byteCount, cacheHit, etag, lastModified, contentType,
      isSynthetic, path, folding, suspicion
  }

  /// From what was recorded of it.
  package init(
    requestName: String, sourceID: String, url: String, status: Int, fetchedAt: Date, sha256: String?, byteCount: Int64,
    cacheHit: Bool, etag: String? = nil, lastModified: String? = nil, contentType: String? = nil,
    isSynthetic: Bool = false, path: String? = nil
  ) {
    self.requestName = requestName
    self.sourceID = sourceID
    self.url = url
    self.status = status
    self.fetchedAt = fetchedAt
    self.sha256 = sha256
    self.byteCount = byteCount
    self.cacheHit = cacheHit
    self.etag = etag
    self.lastModified = lastModified
    self.contentType = contentType
    self.isSynthetic = isSynthetic
    self.path = path
  }
}
