import Postgres
import TestSupport
import Testing

/// Whether anybody holds a snapshot that is older than rows which are about to be swapped in.
@Suite("Snapshots older than a swap", .database)
struct SnapshotTests {
  private static let ask = "SELECT warehouse.is_seen_by_all($1::text::xid8)"

  private func isSeen(_ filled: String, _ owner: PostgresConnection) async throws -> Bool {
    try await owner.query(Self.ask, [filled])[0].decode("is_seen_by_all")
  }

  private func fill(_ connection: PostgresConnection) async throws -> String {
    try #require(try await connection.query("SELECT pg_current_xact_id()::text")[0].text(0))
  }

  /// A session of a role that owns the functions.
  private func session(as role: String, _ rights: String = "") async throws -> PostgresConnection {
    let database = TestDatabase.current
    let name = "\(role)_\(database.name)"
    let connection = try await database.connect()
    try await connection.execute("DO $$ BEGIN CREATE ROLE \(name) LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    if !rights.isEmpty { try await connection.execute("GRANT \(rights) TO \(name)") }
    try await connection.execute("GRANT USAGE ON SCHEMA warehouse TO \(name)")
    try await connection.execute(
      "GRANT EXECUTE ON FUNCTION warehouse.is_seen_by_all(xid8), warehouse._held_snapshots() TO \(name)")
    await connection.close()
    var configuration = database.configuration
    configuration.dsn = configuration.dsn.replacing("user=aker", with: "user=\(name)")
    return try await PostgresConnection.connect(configuration)
  }

  private func end(_ roles: [String], _ sessions: [PostgresConnection]) async throws {
    for session in sessions { await session.close() }
    let connection = try await TestDatabase.current.connect()
    for role in roles {
      let name = "\(role)_\(TestDatabase.current.name)"
      try await connection.execute("DROP OWNED BY \(name)")
      try await connection.execute("DROP ROLE \(name)")
    }
  }

  /// Until it is one by its xmin, too: transactions in the databases of other tests hold that back.
  private func takeNewerSnapshot(
    _ connection: PostgresConnection, _ isSeen: @escaping () async throws -> Bool
  ) async throws {
    try await eventually("the snapshot is newer") {
      try await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
      _ = try await connection.query("SELECT 1")
      if try await isSeen() { return true }
      try await connection.execute("COMMIT")
      return false
    }
  }

  @Test("who may look at all sessions sees which snapshot is older; who may not, whether others are in a transaction")
  func olderSnapshots() async throws {
    let other = try await TestDatabase.current.connect()
    let seeing = try await session(as: "seeing", "pg_read_all_stats")
    let plain = try await session(as: "plain")

    // Nobody is in a transaction.
    let first = try await fill(other)
    #expect(try await isSeen(first, seeing))
    #expect(try await isSeen(first, plain))

    // A snapshot from before.
    try await other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    _ = try await other.query("SELECT 1")
    let second = try await fill(try await TestDatabase.current.connect())
    #expect(try await !isSeen(second, seeing))
    #expect(try await !isSeen(second, plain))
    try await other.execute("COMMIT")
    #expect(try await isSeen(second, seeing))
    #expect(try await isSeen(second, plain))

    // One from after, which only the first can tell from the other.
    try await takeNewerSnapshot(other) { try await isSeen(second, seeing) }
    #expect(try await !isSeen(second, plain))
    try await other.execute("COMMIT")

    #expect(try await seeing.query("SELECT warehouse.is_seen_by_all(NULL)")[0].text(0) == "f")
    try await end(["seeing", "plain"], [seeing, plain, other])
  }

  @Test("sessions of the owner's own role are told apart by their snapshots, whatever it may see besides")
  func ownSessions() async throws {
    let owner = try await session(as: "owner")
    let reader = try await session(as: "owner")
    try await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    _ = try await reader.query("SELECT 1")
    let filled = try await fill(try await TestDatabase.current.connect())
    #expect(try await !isSeen(filled, owner))
    try await reader.execute("COMMIT")
    try await takeNewerSnapshot(reader) { try await isSeen(filled, owner) }
    try await reader.execute("COMMIT")
    try await end(["owner"], [owner, reader])
  }
}
