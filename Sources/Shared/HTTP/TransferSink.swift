internal import Base
internal import Glibc
internal import Synchronization
internal import Telemetry

/// Where the bytes of a transfer go: decoded, counted, hashed and written, over as many exchanges as it takes.
final class TransferSink: @unchecked Sendable {
  // Sendable: one exchange at a time writes to it, on the thread that runs libcurl; between exchanges the transfer's own
  // task reads it. The hop from one to the other orders the accesses.
  final class Cancellation: Sendable {
    let isCancelled = Atomic(false)
  }

  private let file: String
  private let maximumBytes: Int64
  private let descriptor: Int32
  private let observer: (@Sendable (WorkProgress.Portion) -> Void)?
  /// Told whenever bytes came or went.
  private let progress: (@Sendable () -> Void)?
  private var transferredBytes = 0
  /// What the observer was told of this document: bytes as they came over the wire.
  private var told = (done: 0, expected: 0)
  private var hash = SHA256()
  private var inflater: Inflater?
  private var cancellation: Cancellation?
  private var failure: HTTPTransfer.Failure?
  private var offset: Int64 = 0
  private var status = 0
  private var isHTTP1 = true
  /// An answer whose body is not the document's: a redirect, or an error while resuming.
  private var isDiscarding = false
  private var isFinished = false
  private(set) var byteCount: Int64 = 0
  private(set) var beginning: [UInt8] = []
  private(set) var lastByte: UInt8?
  private(set) var headers: [String: String] = [:]
  /// The version that is being written; nil while it cannot go on after a break.
  private var version: DocumentVersion?
  /// Headers of the answer that the document began with: parts may leave out what was said before.
  private var firstHeaders: [String: String] = [:]
  /// What the part at hand says of itself; nil for an answer that begins the document.
  private var part: ContentRange?
  private var partByteCount: Int64 = 0
  /// Why the part that was asked for does not go with what is there.
  private(set) var mismatch: String?

  /// - Parameters:
  ///   - file: its folder is made where there is none: somebody may have emptied the cache.
  ///   - observer: is told of the bytes that come and, where the answer says it, that will come.
  ///   - progress: is told that something moves, in either direction.
  init(
    file: String, maximumBytes: Int64, observer: (@Sendable (WorkProgress.Portion) -> Void)? = nil,
    progress: (@Sendable () -> Void)? = nil
  ) throws {
    self.file = file
    self.observer = observer
    self.progress = progress
    self.maximumBytes = maximumBytes
    descriptor = Folders.openMaking(file, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw HTTPTransfer.Failure.cannotWrite("\(file): \(String(cString: strerror(errno)))")
    }
  }

  deinit {
    close(descriptor)
    if !isFinished { takeBack() }
  }

  /// As `If-Range` takes it; nil while it cannot go on after a break.
  var validator: String? { version?.condition }

  /// Whether the answer's body is the document, or a part of it.
  var isOfDocument: Bool { !isDiscarding && (200..<300).contains(status) }

  /// Whether something beside the end of the connection says where the document ends: a length, a last chunk, HTTP/2, or what
  /// it was packed with.
  var hasStatedEnd: Bool {
    isAssembled || inflater != nil || !isHTTP1 || headers["content-length"] != nil
      || headers["transfer-encoding"]?.lowercased().contains("chunked") == true
  }

  /// Whether the last answer was a part that completed the document.
  var isAssembled: Bool { part != nil }

  /// What libcurl has sent and received of this exchange so far.
  func moved(_ byteCount: Int) {
    guard byteCount != transferredBytes else { return }
    transferredBytes = byteCount
    progress?()
  }

  var isCancelled: Bool { cancellation?.isCancelled.load(ordering: .relaxed) == true }

  func begin(_ cancellation: Cancellation, resumingAt offset: Int64) {
    self.cancellation = cancellation
    self.offset = offset
    failure = nil
    headers = [:]
    part = nil
    mismatch = nil
    if offset == 0 { restart() }
  }

  /// Forgets what was written.
  func restart() {
    hash = SHA256()
    inflater = nil
    byteCount = 0
    (beginning, lastByte) = ([], nil)
    version = nil
    part = nil
    ftruncate(descriptor, 0)
    lseek(descriptor, 0, SEEK_SET)
  }

  /// After the exchange: what was wrong with it on this side.
  func end(isComplete: Bool) -> HTTPTransfer.Failure? {
    if let failure { return failure }
    if isComplete, !isDiscarding, let part {
      if partByteCount != part.byteCount {
        return .truncated("a part has \(partByteCount) bytes, and says that it has \(part.byteCount)")
      }
      if let total = version?.total, byteCount != total {
        return .truncated("\(byteCount) of its \(total) bytes came")
      }
      if version?.total == nil { return .truncated("its parts do not say how long it is") }
    }
    guard isComplete, let inflater, !inflater.isAtEnd, !isDiscarding, byteCount > 0 || inflater.hasInput else {
      return nil
    }
    return .truncated("its gzip stream was cut")
  }

  /// - Throws: when the bytes are not on disk.
  func finish() throws -> (byteCount: Int64, sha256: String) {
    // They must be there before the cache's index says that they are.
    guard fsync(descriptor) == 0 else {
      throw HTTPTransfer.Failure.cannotWrite("\(file): \(String(cString: strerror(errno)))")
    }
    var whole = SHA256()
    swap(&whole, &hash)
    isFinished = true
    return (byteCount, whole.finish())
  }

  // MARK: What libcurl calls

  func receive(header bytes: UnsafeRawBufferPointer) -> Bool {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // Another answer begins (after a 100): what came before was not it.
      headers = [:]
      isHTTP1 = line.hasPrefix("HTTP/1")
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
      return true
    }
    if line.allSatisfy(\.isNewline) { return status < 200 || beginBody() }
    guard let colon = line.firstIndex(of: ":") else { return true }
    let name = line[..<colon].lowercased()
    let value = HTTPHeader.trimmed(line[line.index(after: colon)...])
    // Of two, which several servers behind one another may add, the reader chooses: a comma stands in a date, too. What was
    // packed twice has to be unpacked twice.
    switch name {
    case "retry-after": headers[name] = headers[name].map { "\($0)\n\(value)" } ?? value
    case "content-encoding": headers[name] = headers[name].map { "\($0), \(value)" } ?? value
    case "content-length" where headers[name] != nil && headers[name] != value:
      failure = .truncated("it says two lengths, \(headers[name] ?? "") and \(value) bytes")
      return false
    default: headers[name] = value
    }
    return true
  }

  /// Decides what the coming body is.
  private func beginBody() -> Bool {
    isDiscarding = (300..<400).contains(status) || (offset > 0 && (status >= 500 || status == 416 || status == 412))
    if isDiscarding { return true }
    if status == 206, offset > 0 { return beginPart() }
    // The whole document again: it changed, or the server knows no ranges. Or an answer that is not the document.
    restart()
    takeBack()
    if (200..<300).contains(status) { announce() }
    let encoding = headers["content-encoding"]?.lowercased() ?? "identity"
    switch encoding {
    case "identity", "": break
    case "gzip", "x-gzip": inflater = Inflater()
    case "deflate": inflater = Inflater(mayBeBare: true)
    default:
      failure = .transfer("its content encoding '\(encoding)' was not asked for")
      return false
    }
    if status == 200, inflater == nil, headers["accept-ranges"] != "none" {
      version = DocumentVersion(headers, total: headers["content-length"].flatMap { Int64($0) })
      firstHeaders = headers
    }
    return true
  }

  /// The part that was asked for, if it goes with what came before.
  private func beginPart() -> Bool {
    guard let range = ContentRange(headers["content-range"]), range.first == offset, let version,
      ["identity", ""].contains(headers["content-encoding"]?.lowercased() ?? "")
    else {
      mismatch = "the server sent another range than was asked for"
      return false
    }
    mismatch = version.mismatch(with: DocumentVersion(headers, total: range.total))
    if mismatch != nil { return false }
    self.version?.total = version.total ?? range.total
    part = range
    partByteCount = 0
    headers["content-range"] = nil
    headers.merge(firstHeaders) { own, _ in own }
    return true
  }

  // MARK: Progress

  private func announce() {
    guard let observer else { return }
    guard let length = headers["content-length"].flatMap({ Int($0) }) else { return observer(.openEnded) }
    told.expected += length
    observer(.expected(length))
  }

  /// What was told of a document that comes again from its beginning, or not at all.
  private func takeBack() {
    if told.done != 0 { observer?(.done(-told.done)) }
    if told.expected != 0 { observer?(.expected(-told.expected)) }
    told = (0, 0)
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if isDiscarding { return true }
    if let observer, (200..<300).contains(status) {
      told.done += bytes.count
      observer(.done(bytes.count))
    }
    guard let inflater else {
      partByteCount += Int64(bytes.count)
      return write(bytes)
    }
    guard inflater.inflate(bytes, write) else {
      if failure == nil { failure = .truncated("its gzip stream is corrupt") }
      return false
    }
    return true
  }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    byteCount += Int64(bytes.count)
    // MAXFILESIZE stops only answers that declare their length, and knows nothing of what gzip unfolds.
    guard byteCount <= maximumBytes else {
      failure = .tooLarge
      return false
    }
    hash.update(bytes)
    lastByte = bytes.last ?? lastByte
    if beginning.count < HTTPTransfer.beginningByteCount {
      beginning.append(contentsOf: bytes.prefix(HTTPTransfer.beginningByteCount - beginning.count))
    }
    let code = writeAll(bytes, to: descriptor)
    guard code == 0 else {
      failure = .cannotWrite("\(file): \(String(cString: strerror(code)))")
      return false
    }
    return true
  }
}
