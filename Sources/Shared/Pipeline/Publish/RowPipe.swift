internal import Glibc

/// Hands CSV from a DuckDB process to a series of COPYs, cut into pieces that end where a row ends.
actor RowPipe {
  /// About a second of COPY: long enough that its own cost vanishes, short enough to hold nothing back.
  static let pieceBytes = 48 * 1_048_576

  private var chunk: [UInt8]?
  private var isFinished = false
  private var isStopped = false
  private var failure: (any Error)?
  private var sender: CheckedContinuation<Void, Never>?
  private var receiver: CheckedContinuation<Void, Never>?
  /// Bytes of the current piece; nil once it has ended.
  private var pieceCount: Int? = 0
  private var isInQuotes = false

  // MARK: DuckDB's side

  func send(_ bytes: [UInt8]) async throws {
    while chunk != nil && !isStopped {
      await withCheckedContinuation { sender = $0 }
    }
    if isStopped { throw CancellationError() }
    chunk = bytes
    wakeReceiver()
  }

  func finish(_ error: (any Error)?) {
    isFinished = true
    failure = error
    wakeReceiver()
  }

  // MARK: Postgres' side

  /// Whether another piece is to come; begins it.
  func hasMore() async throws -> Bool {
    try await waitForChunk()
    pieceCount = 0
    return chunk != nil
  }

  /// The next bytes of the current piece; nil where the piece ends.
  func nextOfPiece() async throws -> [UInt8]? {
    guard let count = pieceCount else { return nil }
    try await waitForChunk()
    guard let bytes = chunk else { return nil }
    guard count + bytes.count >= Self.pieceBytes, let end = lastRowEnd(bytes) else {
      isInQuotes = quotesAfter(bytes[...])
      pieceCount = count + bytes.count
      take(nil)
      return bytes
    }
    pieceCount = nil
    isInQuotes = false
    take(end < bytes.count ? Array(bytes[end...]) : nil)
    return Array(bytes[..<end])
  }

  func stop() {
    isStopped = true
    wakeSender()
  }

  private func waitForChunk() async throws {
    while chunk == nil && !isFinished {
      await withCheckedContinuation { receiver = $0 }
    }
    if let failure { throw failure }
  }

  private func take(_ rest: [UInt8]?) {
    chunk = rest
    if rest == nil { wakeSender() }
  }

  private func wakeSender() {
    sender?.resume()
    sender = nil
  }

  private func wakeReceiver() {
    receiver?.resume()
    receiver = nil
  }

  // MARK: Rows

  /// Where the last whole row ends; nil where no row ends here. A newline between quotes is part of a value.
  private func lastRowEnd(_ bytes: [UInt8]) -> Int? {
    var isInside = quotesAfter(bytes[...])
    var index = bytes.count
    while index > 0 {
      index -= 1
      if bytes[index] == UInt8(ascii: "\"") {
        isInside.toggle()
      } else if bytes[index] == UInt8(ascii: "\n"), !isInside {
        return index + 1
      }
    }
    return nil
  }

  /// Whether what follows these bytes is between quotes. A doubled quote counts twice, and so not at all.
  private func quotesAfter(_ bytes: ArraySlice<UInt8>) -> Bool {
    var result = isInQuotes
    bytes.withUnsafeBytes { buffer in
      guard var position = buffer.baseAddress else { return }
      let end = position + buffer.count
      // memchr: this runs over every byte of large partitions, and most have no quotes at all.
      while position < end, let quote = memchr(position, Int32(UInt8(ascii: "\"")), end - position) {
        result.toggle()
        position = UnsafeRawPointer(quote) + 1
      }
    }
    return result
  }
}
