import NIOHTTP1

extension Response {
  /// The asked part, where ranges are offered, the validator of `If-Range` still holds and it makes sense.
  func ranged(for request: Request) -> Response {
    guard offersRanges, status == .ok else { return self }
    var answer = self
    answer.headers.replaceOrAdd(name: "Accept-Ranges", value: "bytes")
    guard request.method == .GET else { return answer }
    if let validator = request.headers.first(name: "If-Range") {
      let current = ["ETag", "Last-Modified"].compactMap { headers.first(name: $0) }
      guard current.contains(validator) else { return answer }
    }
    switch ByteRange(header: request.headers.first(name: "Range"), byteCount: body.byteCount) {
    case .whole:
      return answer
    case .unsatisfiable:
      return Response(.rangeNotSatisfiable, headers: ["Content-Range": "bytes */\(body.byteCount)"])
    case .part(let range):
      answer.status = .partialContent
      answer.headers.replaceOrAdd(
        name: "Content-Range", value: "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(body.byteCount)")
      answer.body = SliceBody(whole: body, range: range)
      return answer
    }
  }
}
