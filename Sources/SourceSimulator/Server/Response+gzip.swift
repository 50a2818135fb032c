import NIOHTTP1

extension Response {
  /// 16 MB: it is held in memory; what is bigger here is a download and does not come compressed anyway.
  private static let gzipLimit = 16 << 20

  /// Text in gzip, where the client takes it. The compressed form has another ETag, as it has other bytes.
  func compressed(for request: Request) throws -> Response {
    let accepted = request.headers[canonicalForm: "Accept-Encoding"].map { $0.lowercased() }
    let isText = headers.first(name: "Content-Type").map(ContentType.isText) ?? false
    guard status == .ok, isText, body.byteCount > 0, body.byteCount <= Self.gzipLimit,
      !headers.contains(name: "Content-Encoding"),
      accepted.contains(where: { $0 == "gzip" || $0.hasPrefix("gzip;") && !$0.hasSuffix("q=0") })
    else { return self }
    var answer = self
    answer.body = BytesBody(Gzip.wrap(try body.read(0..<body.byteCount)))
    answer.headers.add(name: "Content-Encoding", value: "gzip")
    answer.headers.add(name: "Vary", value: "Accept-Encoding")
    if let tag = headers.first(name: "ETag") {
      answer.headers.replaceOrAdd(name: "ETag", value: tag.dropLast() + "-gzip\"")
    }
    return answer
  }
}
