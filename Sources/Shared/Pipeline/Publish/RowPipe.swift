/// Hands rows from a DuckDB process to COPYs side by side, each time up to where a row ends.
actor RowPipe {
  private var cutter: any RowCutter
  private var part: RowPart?
  private var isFinished = false
  private var isStopped = false
  private var failure: (any Error)?
  private var sender: CheckedContinuation<Void, Never>?
  private var receivers: [CheckedContinuation<Void, Never>] = []
  /// The stream that has the beginning of a row whose end has not come yet, and so gets that.
  private var holder: Int?

  init(_ cutter: any RowCutter) { self.cutter = cutter }

  // MARK: DuckDB's side

  func send(_ bytes: [UInt8]) async throws {
    for next in try cutter.parts(bytes) {
      while part != nil && !isStopped {
        await withCheckedContinuation { sender = $0 }
      }
      if isStopped { throw CancellationError() }
      part = next
      wakeReceivers()
    }
  }

  func finish(_ error: (any Error)?) {
    isFinished = true
    failure = error
    wakeReceivers()
  }

  // MARK: Postgres' side

  /// Whether there is anything to take.
  func hasMore(for stream: Int) async throws -> Bool {
    try await waitForPart(stream)
    return part != nil
  }

  /// What there is, up to the end of its last row, or all of it where no row ends; nil at the end of all rows.
  func next(for stream: Int) async throws -> RowPart? {
    try await waitForPart(stream)
    guard let taken = part else { return nil }
    holder = taken.endsRow ? nil : stream
    part = nil
    wakeSender()
    wakeReceivers()
    return taken
  }

  func stop() {
    isStopped = true
    wakeSender()
    wakeReceivers()
  }

  private func waitForPart(_ stream: Int) async throws {
    while !isStopped && failure == nil && (part == nil ? !isFinished : holder != nil && holder != stream) {
      await withCheckedContinuation { receivers.append($0) }
    }
    if let failure { throw failure }
    if isStopped { throw CancellationError() }
  }

  private func wakeSender() {
    sender?.resume()
    sender = nil
  }

  private func wakeReceivers() {
    for receiver in receivers { receiver.resume() }
    receivers = []
  }
}
