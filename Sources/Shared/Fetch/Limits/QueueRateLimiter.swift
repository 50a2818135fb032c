package import Postgres
internal import Base
internal import Synchronization

/// The queue's token buckets: one budget for all hosts, in the database.
///
/// Tokens are taken in small batches, as many as requests of this process wait just now, so that a quick source costs few
/// round trips and no token lies about unused.
package struct QueueRateLimiter: RateLimiter {
  private let pool: PostgresPool
  private let leases = Leases()

  package init(_ pool: PostgresPool) {
    self.pool = pool
  }

  package func acquire(_ sourceID: String) async throws {
    leases.enter(sourceID)
    defer { leases.leave(sourceID) }
    while true {
      switch leases.next(sourceID) {
      case .token: return
      case .othersAsk: try await Task.sleep(for: Self.othersPause)
      case .ask(let wanted):
        let granted: Int
        let wait: Double
        do {
          (granted, wait) = try await take(wanted, sourceID)
        } catch {
          leases.add(0, sourceID)
          throw error
        }
        leases.add(granted, sourceID)
        if granted > 0 { continue }
        guard wait <= Self.longestWait else {
          // A slot is worth more than this: the queue brings the task back when there is budget again.
          throw FetchError(
            sourceID: sourceID, url: "", reason: .outOfBudget(.seconds(wait)), errorClass: .rateLimited,
            retryAfter: .seconds(wait))
        }
        try await Task.sleep(for: .seconds(max(wait, Self.shortestWait)))
      }
    }
  }

  package func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {
    try await pool.withConnection { connection in
      _ = try await connection.query("SELECT queue.cool_down($1, $2, $3)", [sourceID, duration, reason])
    }
  }

  private func take(_ wanted: Int, _ sourceID: String) async throws -> (granted: Int, wait: Double) {
    try await pool.withConnection { connection in
      let row = try await connection.one(
        "SELECT granted, extract(epoch FROM wait_interval)::float8 AS wait FROM queue.take_tokens($1, $2)",
        [sourceID, wanted])
      return (try row.decode("granted", as: Int.self), try row.decode("wait", as: Double?.self) ?? 0)
    }
  }

  /// 5 ms: a bucket that says "at once" is asked again no faster than it can refill.
  private static let shortestWait = 0.005
  /// 2 ms: how often a request looks for a token that another request of this process asked for.
  private static let othersPause = Duration.milliseconds(2)
  /// 30 s, as long as a lease: a task that would wait longer goes back to the queue.
  private static let longestWait = 30.0

  /// What this process holds of each source's budget.
  private final class Leases: Sendable {
    private struct Source {
      var tokens = 0
      var waiting = 0
      var isAsking = false
    }

    enum Step {
      case token
      case othersAsk
      case ask(wanted: Int)
    }

    /// 5 tokens at a time: small beside any burst, so that what several hosts hold unsent cannot add up to much.
    private static let batch = 5
    private let sources = Mutex<[String: Source]>([:])

    func enter(_ id: String) { sources.withLock { $0[id, default: Source()].waiting += 1 } }

    /// What nobody waits for any more was meant for a request that was cancelled: it is let go, since a token that is
    /// kept and sent later could come on top of a full bucket.
    func leave(_ id: String) {
      sources.withLock {
        $0[id, default: Source()].waiting -= 1
        if $0[id]?.waiting == 0 { $0[id]?.tokens = 0 }
      }
    }

    func next(_ id: String) -> Step {
      sources.withLock { sources in
        var source = sources[id, default: Source()]
        defer { sources[id] = source }
        if source.tokens > 0 {
          source.tokens -= 1
          return .token
        }
        if source.isAsking { return .othersAsk }
        source.isAsking = true
        return .ask(wanted: min(Self.batch, max(1, source.waiting)))
      }
    }

    func add(_ granted: Int, _ id: String) {
      sources.withLock {
        $0[id, default: Source()].tokens += granted
        $0[id]?.isAsking = false
      }
    }
  }
}
