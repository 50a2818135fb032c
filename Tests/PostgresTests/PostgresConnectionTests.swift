import Base
import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.database)
struct PostgresConnectionTests {
  @Test func parametersAndValuesSurviveTheRoundTrip() async throws {
    let connection = try await TestDatabase.current.connect()
    let bytes = PostgresBytes(Array(0...255))
    let moment = Date(timeIntervalSince1970: 1_700_000_000.123456)
    let rows = try await connection.query(
      """
      SELECT $1::text AS text, $2::bigint AS number, $3::float8 AS real, $4::bool AS yes, $5::bytea AS bytes,
             $6::text[] AS texts, $7::timestamptz AS moment, $8::interval AS pause, $9::text AS nothing
      """,
      [
        "O'Brien \\ \"x\" é\u{1F600}", Int64.max, 0.1, true, bytes, ["a,b", "c\"d\\", "", "NULL", "{"], moment,
        Duration.milliseconds(1500), nil,
      ])
    let row = try #require(rows.first)
    #expect(try row.decode("text", as: String.self) == "O'Brien \\ \"x\" é\u{1F600}")
    #expect(try row.decode("number", as: Int64.self) == Int64.max)
    #expect(try row.decode("real", as: Double.self) == 0.1)
    #expect(try row.decode("yes", as: Bool.self))
    #expect(try row.decode("bytes", as: PostgresBytes.self) == bytes)
    #expect(try row.decode("texts", as: [String].self) == ["a,b", "c\"d\\", "", "NULL", "{"])
    #expect(abs(try row.decode("moment", as: Date.self).timeIntervalSince(moment)) < 0.000_001)
    #expect(try row.text("pause") == "00:00:01.5")
    let nothing: String? = try row.decode("nothing")
    #expect(nothing == nil)
    #expect(throws: PostgresError.self) { try row.decode("nothing", as: String.self) }
    #expect(throws: PostgresError.self) { try row.decode("absent", as: String?.self) }
    #expect(throws: PostgresError.self) { try row.decode("text", as: Int.self) }
  }

  @Test func aServerErrorCarriesItsSQLStateAndLeavesTheSessionUsable() async throws {
    let connection = try await TestDatabase.current.connect()
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1/0") }
    #expect(error?.sqlState == "22012")
    #expect(error?.isConnectionFailure == false)
    #expect(try await connection.query("SELECT 1 AS one")[0].decode("one", as: Int.self) == 1)
  }

  @Test func aFailedTransactionRollsBackWhateverTheBodyDidWithTheError() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int PRIMARY KEY)")
    await #expect(throws: PostgresError.self) {
      try await connection.transaction { connection in
        try connection.execute("INSERT INTO thing VALUES (1)")
        // Swallowed: COMMIT must still not pass for a success.
        _ = try? connection.execute("INSERT INTO thing VALUES (1)")
      }
    }
    await #expect(throws: CancellationError.self) {
      try await connection.withTransaction { transaction in
        try await transaction.execute("INSERT INTO thing VALUES (2)")
        throw CancellationError()
      }
    }
    #expect(try await connection.query("SELECT count(*) AS count FROM thing")[0].decode("count", as: Int.self) == 0)
  }

  @Test func anOpenTransactionCannotLeak() async throws {
    let connection = try await TestDatabase.current.connect()
    let kept = try await connection.withTransaction { transaction in
      await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      return transaction
    }
    let error = await #expect(throws: PostgresError.self) { try await kept.query("SELECT 1") }
    #expect(error?.kind == .usage)
  }

  @Test func cancellingTheTaskCancelsTheStatementOnTheServer() async throws {
    let connection = try await TestDatabase.current.connect()
    let pid = await connection.backendPID
    let observer = try await TestDatabase.current.connect()
    let running = Task { try await connection.query("SELECT pg_sleep(60)") }
    try await eventually("the statement runs") {
      try await observer.query(
        "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE '%pg_sleep%'", [pid]
      ).count == 1
    }
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(try await connection.query("SELECT 1 AS one").count == 1)
  }

  @Test func aServerThatIsFrozenAsAWholeHoldsUpNobodyWhoCancels() async throws {
    let cluster = try await TestCluster.start(durability: .none)
    let connection = try await cluster.connect()
    let observer = try await cluster.connect()
    let running = Task { try await connection.query("SELECT pg_sleep(3600)") }
    try await eventually("the statement runs") {
      try await !observer.query("SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(3600)'")
        .isEmpty
    }
    let hasEnded = Mutex(false)
    // Nobody reads cancellations any more, and nobody answers.
    let frozen = try cluster.processes()
    for process in frozen { kill(process, SIGSTOP) }
    defer { for process in frozen { kill(process, SIGCONT) } }
    running.cancel()
    let waiting = Task {
      await #expect(throws: CancellationError.self) { try await running.value }
      hasEnded.withLock { $0 = true }
    }
    try await eventually(within: .seconds(30), "who cancelled goes on") { hasEnded.withLock { $0 } }
    await waiting.value
    // It is closed, and a pool opens another.
    await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    await connection.close()
    for process in frozen { kill(process, SIGCONT) }
    #expect(try await observer.query("SELECT 1 AS one").count == 1)
    await observer.close()
    try await cluster.stopServer(.immediate)
  }

  @Test func aTerminatedSessionIsBrokenAndThePoolReplacesIt() async throws {
    let database = TestDatabase.current
    let pool = PostgresPool(database.configuration, maximumCount: 1)
    let pid = try await pool.withConnection { await $0.backendPID }
    let killer = try await database.connect()
    try await killer.execute("SELECT pg_terminate_backend($1)", [pid])
    let error = await #expect(throws: PostgresError.self) {
      try await pool.withConnection { connection in
        // The session may live for a moment after the call that ends it.
        while true { _ = try await connection.query("SELECT pg_sleep(0.01)") }
      }
    }
    #expect(error?.isConnectionFailure == true)
    #expect(try await pool.withConnection { try await $0.query("SELECT 1").count } == 1)
    await pool.close()
  }

  @Test func thePoolNeverOpensMoreThanItsMaximum() async throws {
    let pool = PostgresPool(TestDatabase.current.configuration, maximumCount: 3)
    let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await pool.withConnection { connection in
            _ = try await connection.query("SELECT pg_sleep(0.005)")
            return await connection.backendPID
          }
        }
      }
      return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
    }
    #expect(pids.count <= 3)
    await pool.close()
  }

  @Test func whatCanDoWithoutGetsASessionOnlyWhileNobodyElseWantsIt() async throws {
    let pool = PostgresPool(TestDatabase.current.configuration, maximumCount: 2)
    try await pool.withConnection { first in
      let pid = await first.backendPID
      let spare = try await pool.withSpareConnection { second in
        let third = try await pool.withSpareConnection { _ in true }
        #expect(third == nil, "both are taken")
        return await second.backendPID
      }
      #expect(spare != nil && spare != pid)
      // It was given back.
      #expect(try await pool.withSpareConnection { await $0.backendPID } == spare)
    }
    await pool.close()
  }

  @Test func rowsStreamOneByOneAndTheReaderMayStop() async throws {
    struct Enough: Error {}
    let connection = try await TestDatabase.current.connect()
    var sum = 0
    // Not inside #expect: the body must not be called from elsewhere.
    sum = try await connection.transaction { connection in
      var sum = 0
      try connection.stream("SELECT n FROM generate_series(1, 100000) n", []) {
        sum += try $0.decode("n", as: Int.self)
      }
      return sum
    }
    #expect(sum == 5_000_050_000)
    await #expect(throws: Enough.self) {
      try await connection.forEachRow("SELECT generate_series(1, 1000000000) AS n") { _ in throw Enough() }
    }
    #expect(try await connection.query("SELECT 1").count == 1)
  }

  @Test func aPipelineReturnsEachResultAndFailsAsOne() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("CREATE TABLE thing (id int PRIMARY KEY)")
    let many = (1...500).map { PostgresStatement("INSERT INTO thing VALUES ($1) RETURNING id", [$0]) }
    let results = try await connection.pipeline(many)
    #expect(results.count == 500)
    #expect(try results[499][0].decode("id", as: Int.self) == 500)
    let error = await #expect(throws: PostgresError.self) {
      try await connection.pipeline([
        PostgresStatement("INSERT INTO thing VALUES (501)"), PostgresStatement("INSERT INTO thing VALUES (1)"),
        PostgresStatement("INSERT INTO thing VALUES (502)"),
      ])
    }
    #expect(error?.sqlState == "23505")
    #expect(try await connection.query("SELECT max(id) AS max FROM thing")[0].decode("max", as: Int.self) == 500)
  }

  @Test func statementTimeoutIsByName() async throws {
    var configuration = TestDatabase.current.configuration
    configuration.statementTimeout = .milliseconds(50)
    let connection = try await PostgresConnection.connect(configuration)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(60)") }
    #expect(error?.sqlState == "57014")
    #expect(error?.errorClass == .transient)
  }

  /// GRANT ON ALL TABLES, as a migration does it, locks no table: whoever drops or alters one meanwhile meets its row of the
  /// system's catalog, and need only try again.
  @Test func whoeverDropsATableThatIsGrantedMeanwhileMayTryAgain() async throws {
    let (granting, dropping) = (try await TestDatabase.current.connect(), try await TestDatabase.current.connect())
    try await granting.execute("CREATE TABLE public.t ()")
    try await granting.execute("BEGIN")
    try await granting.execute("GRANT SELECT ON public.t TO aker_reader")
    let process = await dropping.backendPID
    let drop = Task { try await dropping.execute("DROP TABLE public.t") }
    try await eventually("the drop waits for the grant") {
      try await granting.query("SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits", [process])[0].decode("waits")
    }
    try await granting.execute("COMMIT")
    let error = await #expect(throws: PostgresError.self) { try await drop.value }
    #expect(error?.errorClass == .transient, "\(error.map { "\($0)" } ?? "")")
    try await dropping.execute("DROP TABLE public.t")
    await granting.close()
    await dropping.close()
  }

  /// As chaos met them beside a migration; another internal error is no race.
  @Test func whatAMigrationMakesOthersMeetIsTransient() {
    func errorClass(_ message: String) -> ErrorClass {
      PostgresError(.server, message, sqlState: "XX000").errorClass
    }
    #expect(errorClass("cache lookup failed for function 24641") == .transient)
    #expect(errorClass("tuple concurrently deleted") == .transient)
    #expect(errorClass("invalid memory alloc request size 1") == .permanent)
  }

  @Test func anUnreachableServerIsOneClearTransientError() async throws {
    let configuration = PostgresConfiguration(dsn: "host=/nowhere dbname=none", connectTimeout: .seconds(2))
    let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
    #expect(error?.kind == .connection)
    #expect(error?.message.contains("/nowhere") == true)
    #expect(error?.errorClass == .transient)
  }
}
