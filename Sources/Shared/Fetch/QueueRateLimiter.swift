package import Postgres

/// The queue's token buckets: one budget for all hosts, in the database.
package struct QueueRateLimiter: RateLimiter {
  private let pool: PostgresPool

  package init(_ pool: PostgresPool) {
    self.pool = pool
  }

  package func acquire(_ sourceID: String) async throws {
    while true {
      let (granted, wait) = try await pool.withConnection { connection in
        let row = try await connection.query(
          "SELECT granted, extract(epoch FROM wait_interval)::float8 AS wait FROM queue.take_tokens($1, 1)", [sourceID])[
            0]
        return (try row.decode("granted", as: Int.self), try row.decode("wait", as: Double?.self) ?? 0)
      }
      if granted > 0 { return }
      try await Task.sleep(for: .seconds(max(wait, Self.shortestWait)))
    }
  }

  package func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {
    try await pool.withConnection { connection in
      _ = try await connection.query("SELECT queue.cool_down($1, $2, $3)", [sourceID, duration, reason])
    }
  }

  /// 5 ms: a bucket that says "at once" is asked again no faster than it can refill.
  private static let shortestWait = 0.005
}
