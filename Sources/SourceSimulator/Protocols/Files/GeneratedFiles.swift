import NIOHTTP1

/// `GET /_generated/<bytes>?seed=N`: as many bytes as asked, the same for the same seed, with an ETag and ranges.
struct GeneratedFiles: SourceProtocol {
  /// 1 TB: whoever asks for more has mistyped.
  static let byteLimit = 1 << 40

  func answer(_ request: Request, source: String) -> Response {
    guard request.segments.count == 1, let byteCount = Int(request.segments[0]),
      (0...Self.byteLimit).contains(byteCount)
    else { return .text(.badRequest, "a number of bytes expected\n") }
    guard let seed = UInt64(request.query["seed"] ?? "0") else {
      return .text(.badRequest, "seed: a number expected\n")
    }
    var response = Response(
      .ok,
      headers: ["Content-Type": "application/octet-stream", "ETag": "\"generated-\(byteCount)-\(seed)\""],
      body: GeneratedBody(byteCount: byteCount, seed: seed))
    response.offersRanges = true
    return response
  }
}
