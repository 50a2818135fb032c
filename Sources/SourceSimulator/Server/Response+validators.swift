import NIOHTTP1

extension Response {
  /// Gives a 200 its ETag, and makes it a 304 when the client has that one already.
  func validated(against request: Request) throws -> Response {
    guard status == .ok, request.method == .GET || request.method == .HEAD else { return self }
    var answer = self
    if !answer.headers.contains(name: "ETag") {
      answer.headers.add(name: "ETag", value: try "\"\(Hash.fnv1a(of: body).hexadecimal)\"")
    }
    guard let tag = answer.headers.first(name: "ETag") else { return answer }
    let known = request.headers[canonicalForm: "If-None-Match"].map { $0.hasPrefix("W/") ? $0.dropFirst(2) : $0 }
    let isKnown: Bool
    if known.isEmpty {
      let since = request.headers.first(name: "If-Modified-Since")
      isKnown = since != nil && since == answer.headers.first(name: "Last-Modified")
    } else {
      isKnown = known.contains { $0 == "*" || $0 == tag || $0 == tag.dropLast() + "-gzip\"" }
    }
    guard isKnown else { return answer }
    answer.headers.remove(name: "Content-Type")
    return Response(.notModified, headers: answer.headers)
  }
}
