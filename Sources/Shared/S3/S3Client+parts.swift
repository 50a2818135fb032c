import HTTP

/// Objects that are too large for one request: made of parts, they appear whole when all are there, or not at all.
extension S3Client {
  /// S3 takes no more of one object.
  private static let partLimit: Int64 = 10_000

  func putInParts(_ path: String, byteCount: Int64, at key: String) async throws {
    try await inParts(key, byteCount: byteCount, partByteCount: partByteCount) { query, offset, count in
      let sent = try await send(
        "PUT", key, query: query, upload: .init(path: path, offset: offset, byteCount: count))
      return sent.response.headers["etag"]
    }
  }

  func copyInParts(_ key: String, byteCount: Int64, to target: String) async throws {
    try await inParts(target, byteCount: byteCount, partByteCount: copyPartByteCount) { query, offset, count in
      let range = "x-amz-copy-source-range: bytes=\(offset)-\(offset + count - 1)"
      let answer = try await send("PUT", target, query: query, headers: copyHeaders(key) + [range]).text
      try Self.requireNoError(answer)
      return Self.element("ETag", in: answer).map(Self.unescaped)
    }
  }

  /// - Parameter part: sends one, under the query that names it; gives its ETag.
  private func inParts(
    _ key: String, byteCount: Int64, partByteCount: Int64,
    _ part: (_ query: [(String, String)], _ offset: Int64, _ count: Int64) async throws -> String?
  ) async throws {
    // In a task of its own, which is not cancelled with this one: an upload whose id nobody has read cannot be aborted.
    let started = try await Task { try await send("POST", key, query: [("uploads", "")]) }.value
    guard let uploadID = Self.element("UploadId", in: started.text) else {
      throw Failure.transfer("S3 gave no upload id")
    }
    do {
      var tags: [String] = []
      var offset: Int64 = 0
      let partByteCount = max(partByteCount, (byteCount + Self.partLimit - 1) / Self.partLimit)
      while offset < byteCount {
        try Task.checkCancellation()
        let count = min(partByteCount, byteCount - offset)
        guard let tag = try await part([("partNumber", "\(tags.count + 1)"), ("uploadId", uploadID)], offset, count)
        else { throw Failure.transfer("S3 gave no ETag for a part") }
        tags.append(tag)
        offset += count
      }
      let parts = tags.enumerated().map { "<Part><PartNumber>\($0 + 1)</PartNumber><ETag>\($1)</ETag></Part>" }
      let body = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
      try Self.requireNoError(try await send("POST", key, query: [("uploadId", uploadID)], body: Array(body.utf8)).text)
    } catch {
      // What was sent costs money until the upload is aborted. In a task of its own: this one may be cancelled.
      await Task { _ = try? await send("DELETE", key, query: [("uploadId", uploadID)]) }.value
      throw error
    }
  }

  /// S3 may begin with 200, to keep the connection, and fail then.
  static func requireNoError(_ answer: String) throws {
    guard let code = element("Code", in: answer) else { return }
    throw Failure.refused(status: 200, code: code, message: element("Message", in: answer) ?? "")
  }
}
