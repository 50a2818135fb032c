/// Which version of a document an answer is of, and how long that is, as far as the server says so.
struct DocumentVersion {
  /// Weak ones with their `W/`.
  var etag: String?
  var lastModified: String?
  /// Bytes of the whole document.
  var total: Int64?

  init(_ headers: [String: String], total: Int64?) {
    etag = headers["etag"]
    lastModified = headers["last-modified"]
    self.total = total
  }

  /// For `If-Range`: a strong ETag, or the date. Nil where the server names nothing that this header takes.
  var condition: String? {
    if let etag, !etag.hasPrefix("W/") { return etag }
    return lastModified
  }

  /// Why a part does not go with what came before; nil when it does. Servers exist that look at `Range` alone, so that a
  /// part proves by its own headers that it is of the same version: those that both have are equal, and there is one.
  func mismatch(with part: DocumentVersion) -> String? {
    if let etag, let other = part.etag, etag != other { return "its ETag was \(etag), and is \(other)" }
    if let lastModified, let other = part.lastModified, lastModified != other {
      return "it was of \(lastModified), and is of \(other)"
    }
    if let total, let other = part.total, total != other { return "it had \(total) bytes, and has \(other)" }
    let isNamed = (etag != nil && part.etag != nil) || (lastModified != nil && part.lastModified != nil)
    return isNamed ? nil : "the part does not say which version it is of"
  }
}
