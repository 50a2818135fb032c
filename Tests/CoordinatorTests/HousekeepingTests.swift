import Postgres
import TestSupport
import Testing

@testable import Coordinator

/// The loop of `aker serve` on a database that refuses, one call after another, with one SQLSTATE after another.
@Suite("A server's error does not end aker serve", .database, .whateverHappens)
struct HousekeepingTests {
  /// One of each class that passes: deadlock, serialization, lock and statement timeouts, memory, disk, connections,
  /// read-only, I/O, shutdown, internal.
  static let passing = [
    "40P01", "40001", "55P03", "57014", "53200", "53100", "53300", "25006", "58030", "57P01", "XX000",
  ]
  /// What can never succeed: not supported, the login, no such database, no such function, no right.
  static let hopeless = ["0A000", "28000", "3D000", "42883", "42501"]

  /// With a term of four seconds (FlowTests) another leads within five.
  @Test func whoDoesNotLeadAsksEachSecond() { #expect(FlowScheduler.interval <= .seconds(1)) }

  private func housekeeping() -> Housekeeping {
    Housekeeping(
      pool: PostgresPool(TestDatabase.current.configuration, maximumCount: 1), tickInterval: .milliseconds(2))
  }

  @Test(arguments: ["tick", "prune"]) func itIsWaitedOut(_ call: String) async throws {
    let connection = try await TestDatabase.current.connect()
    let injected = try await InjectedErrors.put(Self.passing, before: call, connection)
    let housekeeping = housekeeping()
    let loop = Task { try await housekeeping.run() }
    try await eventually(within: .seconds(90), "\(call) succeeded after each of them") {
      try await injected.callCount() > Self.passing.count
    }
    loop.cancel()
    if case .failure(let error) = await loop.result { #expect(error is CancellationError) }
    await housekeeping.pool.close()
    await connection.close()
  }

  @Test(arguments: hopeless) func whatCanNeverSucceedEndsItWithTheServersWords(_ sqlState: String) async throws {
    let connection = try await TestDatabase.current.connect()
    let injected = try await InjectedErrors.put([sqlState], before: "tick", forever: true, connection)
    let housekeeping = housekeeping()
    let error = await #expect(throws: PostgresError.self) { try await housekeeping.run() }
    #expect(error?.sqlState == sqlState && error?.message == "injected")
    #expect(try await injected.callCount() == 1)
    await housekeeping.pool.close()
    await connection.close()
  }
}
