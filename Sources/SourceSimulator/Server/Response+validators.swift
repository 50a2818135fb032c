import NIOHTTP1

extension Response {
  /// Gives a 200 its ETag, and makes it a 304 when the client has that one already.
  func validated(against request: Request) throws -> Response {
    guard status == .ok, request.method == .GET || request.method == .HEAD else { return self }
    var answer = self
    if !answer.headers.contains(name: "ETag") {
      answer.headers.add(name: "ETag", value: try "\"\(Hash.fnv1a(of: body).hexadecimal)\"")
    }
    let known = request.headers[canonicalForm: "If-None-Match"].map { $0.hasPrefix("W/") ? $0.dropFirst(2) : $0 }
    guard let tag = answer.headers.first(name: "ETag"), known.contains(where: { $0 == "*" || $0 == tag }) else {
      return answer
    }
    answer.headers.remove(name: "Content-Type")
    return Response(.notModified, headers: answer.headers)
  }
}
