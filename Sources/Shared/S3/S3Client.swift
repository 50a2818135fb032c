internal import Base
package import FoundationEssentials
internal import Glibc
package import HTTP
internal import Telemetry

/// Objects of one bucket, in S3 or in a server that speaks its protocol.
package struct S3Client: Sendable {
  package let bucket: String
  private let base: String
  private let signature: S3Signature
  private let allowsPrivateAddress: Bool
  private let scratch: String
  let partByteCount: Int64
  let copyPartByteCount: Int64

  /// 16 MiB: S3 wants parts of 5 MiB at least, and takes 10,000 of them. Files above 156 GiB are put in larger ones.
  package static let standardPartByteCount: Int64 = 16 << 20

  /// 512 MiB: S3 copies 5 GiB by one request at most, and answers when it is done, which must not look like a stall.
  package static let standardCopyPartByteCount: Int64 = 512 << 20

  package enum Addressing: Sendable {
    /// `https://endpoint/bucket/key`
    case path
    /// `https://bucket.endpoint/key`
    case virtualHost
  }

  /// - Parameters:
  ///   - endpoint: another server than AWS, such as `http://127.0.0.1:5000`.
  ///   - scratch: a folder for answers and for nothing that lasts.
  package init(
    bucket: String, endpoint: String? = nil, addressing: Addressing? = nil, signature: S3Signature, scratch: String,
    allowsPrivateAddress: Bool = false, partByteCount: Int64 = standardPartByteCount,
    copyPartByteCount: Int64 = standardCopyPartByteCount
  ) {
    self.bucket = bucket
    let endpoint = endpoint ?? "https://s3.\(signature.region).amazonaws.com"
    // A bucket with dots fits no wildcard certificate; other servers seldom have a name per bucket.
    switch addressing ?? (endpoint.hasSuffix(".amazonaws.com") && !bucket.contains(".") ? .virtualHost : .path) {
    case .path: base = "\(endpoint)/\(bucket)"
    case .virtualHost:
      let scheme = endpoint.firstRange(of: "://")?.upperBound ?? endpoint.startIndex
      base = "\(endpoint[..<scheme])\(bucket).\(endpoint[scheme...])"
    }
    self.signature = signature
    self.scratch = scratch
    self.allowsPrivateAddress = allowsPrivateAddress
    self.partByteCount = partByteCount
    self.copyPartByteCount = copyPartByteCount
  }

  package enum Failure: Error, Equatable {
    /// The code and message of S3's answer.
    case refused(status: Int, code: String, message: String)
    case transfer(String)
  }

  package struct Object: Sendable, Equatable {
    package var key: String
    package var byteCount: Int64
    /// When it was put there; nil where the server does not say.
    package var modifiedAt: Date?

    package init(key: String, byteCount: Int64, modifiedAt: Date? = nil) {
      self.key = key
      self.byteCount = byteCount
      self.modifiedAt = modifiedAt
    }
  }

  /// A transfer that gets the object; for the caller to perform, with its own limits.
  package func download(_ key: String, to file: String) -> HTTPTransfer {
    transfer("GET", key, file: file)
  }

  package func url(_ key: String) -> String { "\(base)/\(PercentEncoding.encoded(key, keeping: "/"))" }

  /// 5 TiB, as S3 has it: what is in the bucket we put there, and it can be read again.
  private static let largestObject: Int64 = 5 << 40

  /// - Returns: false when there is no such object.
  package func get(_ key: String, to file: String) async throws -> Bool {
    var transfer = download(key, to: file)
    transfer.limits.maximumBytes = Self.largestObject
    let response = try await perform(transfer)
    // A bucket that is not there is a mistake, and no absence.
    if response.status == 404, code(response) != "NoSuchBucket" {
      unlink(file)
      return false
    }
    try check(response)
    return true
  }

  /// The object's size; nil when there is none.
  package func byteCount(_ key: String) async throws -> Int64? {
    let response = try await withScratch { try await perform(transfer("HEAD", key, file: $0)) }
    if response.status == 404 { return nil }
    try check(response)
    return response.headers["content-length"].flatMap { Int64($0) }
  }

  /// Puts a file, in parts when it is larger than one. It appears whole or not at all.
  package func put(_ path: String, at key: String) async throws {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure.transfer("\(path): \(String(cString: strerror(errno)))") }
    let byteCount = Int64(status.st_size)
    guard byteCount > partByteCount else {
      _ = try await send("PUT", key, upload: .init(path: path, offset: 0, byteCount: byteCount))
      return
    }
    try await putInParts(path, byteCount: byteCount, at: key)
  }

  /// Copies within the bucket, in parts when it is larger than one. The copy appears whole or not at all.
  package func copy(_ object: Object, to target: String) async throws {
    if object.byteCount > copyPartByteCount {
      return try await copyInParts(object.key, byteCount: object.byteCount, to: target)
    }
    try Self.requireNoError(try await send("PUT", target, headers: copyHeaders(object.key)).text)
  }

  func copyHeaders(_ key: String) -> [String] {
    [
      "x-amz-copy-source: /\(bucket)/\(PercentEncoding.encoded(key, keeping: "/"))",
      // S3 wants it of every PUT, and libcurl sends none without a body.
      "Content-Length: 0",
    ]
  }

  package func remove(_ key: String) async throws {
    _ = try await send("DELETE", key)
  }

  /// All objects whose keys begin with the prefix, in the order of their keys.
  package func list(_ prefix: String) async throws -> [Object] {
    var objects: [Object] = []
    var token: String?
    repeat {
      var query = [("list-type", "2"), ("prefix", prefix)]
      if let token { query.append(("continuation-token", token)) }
      let page = try await send("GET", "", query: query).text
      for entry in page.split(separator: "<Contents>").dropFirst() {
        guard let key = Self.element("Key", in: entry), let size = Self.element("Size", in: entry).flatMap(Int64.init)
        else { throw Failure.transfer("S3 listed an object without key or size") }
        objects.append(
          Object(
            key: Self.unescaped(key), byteCount: size,
            modifiedAt: Self.element("LastModified", in: entry).flatMap(Self.time)))
      }
      token = Self.element("IsTruncated", in: page) == "true" ? Self.element("NextContinuationToken", in: page) : nil
      token = token.map(Self.unescaped)
    } while token != nil
    return objects
  }

  // MARK: Requests

  private func transfer(
    _ method: String, _ key: String, query: [(String, String)] = [], upload: HTTPTransfer.Upload? = nil,
    body: [UInt8] = [], headers: [String] = [], file: String
  ) -> HTTPTransfer {
    // Sorted, with `=` even where there is no value: libcurl signs the query as it stands.
    let pairs = query.sorted { $0.0 < $1.0 }.map {
      "\(PercentEncoding.encoded($0.0))=\(PercentEncoding.encoded($0.1))"
    }
    let address = key.isEmpty ? "\(base)/" : url(key)
    var transfer = HTTPTransfer(url: address + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")), file: file)
    transfer.method = method
    transfer.body = body
    transfer.upload = upload
    transfer.signature = signature
    transfer.allowsPrivateAddress = allowsPrivateAddress
    transfer.limits.maximumRedirects = 0
    // S3 requires it, and libcurl signs it but does not add it.
    transfer.headers = ["x-amz-content-sha256: \(Self.payloadHash(body: body, upload: upload))"] + headers
    // libcurl would call it a form, which servers read as one.
    if !body.isEmpty { transfer.headers.append("Content-Type: application/xml") }
    if let token = signature.sessionToken { transfer.headers.append("x-amz-security-token: \(token)") }
    return transfer
  }

  func send(
    _ method: String, _ key: String, query: [(String, String)] = [], headers: [String] = [],
    upload: HTTPTransfer.Upload? = nil, body: [UInt8] = []
  ) async throws -> (response: HTTPTransfer.Response, text: String) {
    try await withScratch { file in
      let response = try await perform(
        transfer(method, key, query: query, upload: upload, body: body, headers: headers, file: file))
      try check(response)
      // Listings of 1,000 keys of 1,024 bytes are larger than what the transfer keeps of the beginning.
      return (response, try Self.text(of: file))
    }
  }

  /// Answers after which S3 wants to be asked again.
  private static let momentary: Set<Int> = [500, 502, 503, 504]

  /// Tries again what may be sent twice, for less than a second: a task's attempt is dearer. After a POST that ended an
  /// upload, its end would be refused.
  private func perform(_ transfer: HTTPTransfer) async throws -> HTTPTransfer.Response {
    for pause in [100, 400] where transfer.method != "POST" {
      let response = try await performOnce(transfer)
      guard Self.momentary.contains(response.status) else { return response }
      try await Task.sleep(for: .milliseconds(Int.random(in: pause / 2...pause)))
    }
    return try await performOnce(transfer)
  }

  private func performOnce(_ transfer: HTTPTransfer) async throws -> HTTPTransfer.Response {
    do {
      return try await AttemptWaits.wait(for: "the bucket \(bucket)") { try await transfer.perform() }
    } catch HTTPTransfer.Failure.cancelled {
      throw CancellationError()
    } catch let failure as HTTPTransfer.Failure {
      throw Failure.transfer("\(failure)")
    }
  }

  private func check(_ response: HTTPTransfer.Response) throws {
    guard !(200..<300).contains(response.status) else { return }
    let text = String(decoding: response.beginning, as: UTF8.self)
    throw Failure.refused(
      status: response.status, code: code(response),
      message: Self.element("Message", in: text) ?? "")
  }

  private func code(_ response: HTTPTransfer.Response) -> String {
    Self.element("Code", in: String(decoding: response.beginning, as: UTF8.self)) ?? ""
  }

  private func withScratch<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let file = "\(scratch)/s3-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(file) }
    return try await body(file)
  }

  // MARK: Text

  private static func text(of file: String) throws -> String {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.transfer("\(file): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func payloadHash(body: [UInt8], upload: HTTPTransfer.Upload?) -> String {
    var hash = SHA256()
    guard let upload else {
      body.withUnsafeBytes { hash.update($0) }
      return hash.finish()
    }
    let descriptor = open(upload.path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    var offset = upload.offset
    let end = upload.offset + upload.byteCount
    while offset < end {
      let count = pread(descriptor, &buffer, min(buffer.count, Int(end - offset)), Int(offset))
      // The upload itself reports a file that cannot be read.
      guard count > 0 else { break }
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += Int64(count)
    }
    return hash.finish()
  }

  /// The text of the first such element. S3's answers are flat and have no attributes where this looks.
  static func element(_ name: String, in text: some StringProtocol) -> String? {
    guard let start = text.firstRange(of: "<\(name)>"), let end = text[start.upperBound...].firstRange(of: "</\(name)>")
    else { return nil }
    return String(text[start.upperBound..<end.lowerBound])
  }

  /// `2024-06-01T12:00:00.000Z`, of which the fraction does not matter.
  private static func time(_ text: String) -> Date? {
    try? Date(text.prefix("YYYY-MM-DDThh:mm:ss".count) + "Z", strategy: .iso8601)
  }

  static func unescaped(_ text: String) -> String {
    [("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
      .reduce(text) { $0.replacing($1.0, with: $1.1) }
  }
}
