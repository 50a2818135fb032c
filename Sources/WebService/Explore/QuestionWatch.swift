internal import Logging
internal import Postgres

/// Ends questions that take advisory locks, which every role may: the queue waits for some, and who watches pg_locks can
/// learn which. Held for as long as a question may take, each would hold the queue up.
actor QuestionWatch {
  private let pool: PostgresPool
  private var process: Int32?
  private var looking: Task<Void, Never>?
  private(set) var hasEndedIt = false

  private static let interval = Duration.milliseconds(200)

  init(pool: PostgresPool) {
    self.pool = pool
  }

  /// - Parameter process: the server's, that answers.
  func add(_ process: Int32) {
    self.process = process
    looking = Task { [weak self] in
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.interval)
        guard !Task.isCancelled, let self else { return }
        await look()
      }
    }
  }

  private func look() async {
    guard let process else { return }
    try? await pool.withConnection { connection in
      let held = try await connection.query(
        "SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = $1 LIMIT 1", [process])
      guard !held.isEmpty else { return }
      await note()
      _ = try await connection.query(
        """
        SELECT pg_cancel_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = $1 LIMIT 1
        """, [process])
    }
  }

  private func note() { hasEndedIt = true }

  func close() {
    looking?.cancel()
    process = nil
  }
}
