import Testing
import TestSupport

@testable import Postgres

@Suite(.database)
struct PostgresListenerTests {
  @Test func notificationsArriveInOrder() async throws {
    let database = TestDatabase.current
    let listener = try await PostgresListener.connect(database.configuration, channels: ["one", "Odd \"name\""])
    let sender = try await database.connect()
    try await sender.execute("SELECT pg_notify('one', 'a')")
    try await sender.execute("SELECT pg_notify('Odd \"name\"', 'b')")
    var received: [PostgresNotification] = []
    for await notification in listener.notifications {
      received.append(notification)
      if received.count == 2 { break }
    }
    #expect(received.map(\.payload) == ["a", "b"])
    #expect(received.map(\.channel) == ["one", "Odd \"name\""])
    await listener.close()
  }

  @Test(.whateverHappens) func theStreamEndsWhenTheServerEndsTheSession() async throws {
    let database = TestDatabase.current
    let killer = try await database.connect()
    // The server's last words and the end of the connection come together or one after the other, as it happens.
    for _ in 0..<50 {
      let listener = try await PostgresListener.connect(database.configuration, channels: ["one"])
      try await killer.execute("SELECT pg_terminate_backend($1)", [await listener.backendPID])
      for await _ in listener.notifications {}
      await #expect(throws: PostgresError.self) { try await listener.query("SELECT 1") }
    }
  }

  @Test func anAdvisoryLockOfTheSessionEndsWithIt() async throws {
    let database = TestDatabase.current
    let listener = try await PostgresListener.connect(database.configuration, channels: [])
    _ = try await listener.query("SELECT pg_advisory_lock(42)")
    let other = try await database.connect()
    func isFree() async throws -> Bool {
      try await other.query("SELECT pg_try_advisory_lock(42) AS free")[0].decode("free")
    }
    #expect(try await isFree() == false)
    await listener.close()
    try await eventually("the lock is free") { try await isFree() }
  }
}
