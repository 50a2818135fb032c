import Base
import Console
import FoundationEssentials
import Postgres

/// What the service keeps in the database: who leads, what is wrong, who is told, and tokens that end soon.
struct ServiceChecks {
  /// A session that may look; nil where there is none.
  let connection: PostgresConnection?

  /// Enough to make another in time.
  private static let tokenDays = 7

  func findings() async -> [Finding] {
    guard let connection else { return [] }
    do {
      return [
        try await leader(connection), try await alerts(connection), try await notices(connection),
        try await tokens(connection),
      ]
    } catch {
      let reason = (error as? PostgresError)?.message ?? "\(error)"
      return [.problem("service", "database", reason, advice: "The database may not be up to date: aker migrate")]
    }
  }

  private func leader(_ connection: PostgresConnection) async throws -> Finding {
    let rows = try await connection.query(
      """
      SELECT l.name, l.term, l.began_at, (SELECT count(*) FROM schedule.flow f WHERE f.removed_at IS NULL) AS flows
      FROM schedule.leader l WHERE l.holder IS NOT NULL AND l.expires_at > clock_timestamp()
      """)
    guard let row = rows.first else {
      return .note(
        "service", "leader", "no coordinator leads: no flow is enqueued when it is due, and nobody is told of trouble",
        advice: "Run aker serve on a host, or on two.")
    }
    let name: String = try row.text("name") ?? "a coordinator"
    let began: Date = try row.decode("began_at")
    let flows: Int = try row.decode("flows")
    return .ok("service", "leader", "\(name), since \(began.shown()) UTC; \(flows.counted("flow"))")
  }

  private func alerts(_ connection: PostgresConnection) async throws -> Finding {
    let firing = try await AlertLine.list(state: "firing", connection).filter { $0.silenced_until == nil }
    guard let first = firing.first else { return .ok("service", "alerts", "none") }
    let rest = firing.count > 1 ? ", and \((firing.count - 1).counted("more alert"))" : ""
    return .note(
      "service", "alerts", first.summary + rest, advice: first.advice + (rest.isEmpty ? "" : " aker alert ls has all."))
  }

  private func notices(_ connection: PostgresConnection) async throws -> Finding {
    let row = try await connection.one(
      """
      SELECT count(*) AS waiting, max(n.last_error) AS reason FROM service.notice n
      WHERE n.delivered_at IS NULL AND n.last_error IS NOT NULL
      """)
    let waiting: Int = try row.decode("waiting")
    guard waiting > 0 else { return .ok("service", "notices", "none waits for an endpoint that refuses it") }
    return .problem(
      "service", "notices", "\(waiting.counted("notice")) could not be delivered: \(try row.text("reason") ?? "")",
      advice: "Check the AKER_ALERT_ variables of the hosts that run aker serve; docs/service.md has them.")
  }

  private func tokens(_ connection: PostgresConnection) async throws -> Finding {
    let now = try await DatabaseClock.now(connection)
    let valid = try await AccessToken.list(connection).filter { $0.state == "valid" }
    let ending = valid.filter { $0.expires_at < now + Double(Self.tokenDays * 86_400) }
    guard let first = ending.min(by: { $0.expires_at < $1.expires_at }) else {
      return .ok("service", "tokens", valid.count.counted("valid token"))
    }
    return .note(
      "service", "tokens", "\(first.name) ends at \(first.expires_at.shown()) UTC",
      advice: "Revoke it and make another: aker token revoke \(first.name); aker token create \(first.name)")
  }
}
