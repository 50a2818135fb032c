import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// What the real queue does while several sessions work on it at random is what the model of publication allows.
@Suite("Recorded runs", .database, .whateverHappens)
struct RecordedRunTests {
  /// A few thousand, and a hundred thousand where the exploration is a long one (`make proof`).
  private static let wanted = ExplorationSettings.limit >= 10_000 ? 100_000 : 6_000
  private static let sessionCount = 3

  @Test("each event is one that the model allows, and each of these forgeries is refused")
  func replay() async throws {
    let connection = try await TestDatabase.current.connect()
    try await prepare(connection)
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = SeededRandom(seed: seed)
    var count = 0
    while count < Self.wanted {
      // Each step of the three leaves two events.
      let steps = (Self.wanted - count) / 6 + 200
      // Sessions meet in another order each time: a seed says what each does, and not who is first.
      let seeds = (0..<Self.sessionCount).map { _ in Double(random.below(1_000_000)) / 1_000_000 }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for seed in seeds {
          group.addTask {
            let session = try await TestDatabase.current.connect()
            try await session.execute("CALL record.work($1, $2)", [steps, seed])
            await session.close()
          }
        }
        try await group.waitForAll()
      }
      count = try await connection.query("SELECT count(*) AS n FROM record.event")[0].decode("n")
    }
    let events = try await connection.query(
      """
      SELECT position, transaction_id, kind, task_id, lease_token, worker_id, coalesce(holder::text, '') AS holder,
        coalesce(caller::text, '') AS caller
      FROM record.event ORDER BY position
      """
    ).map { try RecordedEvent($0) }

    var rules = PublicationRules()
    for event in events { try rules.accept(event) }
    print(
      "\(rules.acceptedCount) events of \(Self.sessionCount) sessions are accepted, of which",
      RecordedEvent.kinds.map { kind in "\(events.count { $0.kind == kind }) \(kind.rawValue)" }.joined(separator: ", ")
    )
    for kind in RecordedEvent.kinds { #expect(events.contains { $0.kind == kind }, "nothing was \(kind.rawValue)") }
    // And where the rules have come to is where the queue is.
    let leases = try await connection.query("SELECT task_id, lease_token FROM queue.lease")
    #expect(
      rules.held
        == Dictionary(uniqueKeysWithValues: try leases.map { (try $0.decode("task_id"), try $0.decode("lease_token")) })
    )
    let completed = try await connection.query("SELECT task_id FROM queue.outcome WHERE kind = 'completed'")
    #expect(rules.published == Set(try completed.map { try $0.decode("task_id") }))
    await connection.close()
    try refuseForgeries(of: Array(events.prefix(20_000)))
  }

  private func prepare(_ connection: PostgresConnection) async throws {
    try await connection.executeScript(
      String(contentsOfFile: PackageRoot.path + "/Tests/ExplorationTests/record.sql", encoding: .utf8))
    let definition = String(repeating: "a", count: 64)
    try await connection.execute(
      "INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES ($1, 'a', '', '')",
      [definition])
    try await connection.execute(
      """
      INSERT INTO catalog.dataset (name, definition_hash, title, first_year, is_split, regions)
      VALUES ('a', $1, 'a', 2000, true, ARRAY(SELECT 'r' || n FROM generate_series(1, $2::int) n))
      """, [definition, Self.wanted / 75])
    try await connection.executeScript(
      """
      UPDATE queue.setting SET breaker_threshold = 0, max_attempts = 100, max_lost_workers = 100, max_throttles = 1000,
        retry_base_interval = '1 millisecond', retry_cap_interval = '1 millisecond';
      SELECT * FROM queue.enqueue_backfill('{a}', ARRAY(SELECT generate_series(2001, 2025)), '2026-01', backfill_key => '1');
      """)
  }

  /// A record with one thing in it that did not happen, or without one that did, is refused: the rules can tell.
  private func refuseForgeries(of events: [RecordedEvent]) throws {
    func refuse(
      _ what: String, _ kind: RecordedEvent.Kind, byHolder: Bool = false,
      _ forge: (inout [RecordedEvent], Int) -> Void
    ) throws {
      // Neither among the first, before anything could go wrong, nor the last, whose consequences are not in the record.
      let late = events.indices.dropFirst(events.count / 3)
      let at = try #require(
        late.first { events[$0].kind == kind && (!byHolder || events[$0].caller == events[$0].holder) }, "\(what)")
      var forged = events
      forge(&forged, at)
      var rules = PublicationRules()
      #expect(throws: PublicationRules.Refusal.self, "\(what)") { for event in forged { try rules.accept(event) } }
    }
    let stranger = "00000000-0000-0000-0000-000000000000"
    try refuse("a completion twice", .completed) { $0.insert($0[$1], at: $1) }
    try refuse("a completion by another process", .completed) { $0[$1].caller = stranger }
    try refuse("a completion in another transaction", .completed) { $0[$1].transaction += 1 }
    try refuse("a completion by another lease", .completed) { $0[$1].token += 1 }
    try refuse("a completion without the fence", .fenced) { $0.remove(at: $1) }
    try refuse("a fence that lets a stranger pass", .fenced) { $0[$1].caller = stranger }
    try refuse("a fence that refuses who holds the task", .fenced) { $0[$1].kind = .refused }
    try refuse("a fence that lets a lost lease pass", .refused) { $0[$1].kind = .fenced }
    try refuse("a lease for two", .leased) { $0.insert($0[$1], at: $1) }
    try refuse("a lease to a worker that has ended", .workerEnded) { events, at in
      guard let lease = events[at...].firstIndex(where: { $0.kind == .leased }) else { return }
      events[lease].worker = events[at].worker
      (events[lease].holder, events[lease].caller) = (events[at].holder, events[at].holder)
    }
    try refuse("a lease's number once more", .leased) { events, at in
      events[at].token = events[..<at].last { $0.kind == .leased }?.token ?? 0
    }
    try refuse("a lease's number that follows those of an earlier life", .newLife) { events, at in
      guard let lease = events[at...].firstIndex(where: { $0.kind == .leased }) else { return }
      events[lease].token = (events[..<at].map(\.token).max() ?? 0) + 1
    }
    // Of a worker that has ended, anybody may.
    try refuse("a task taken from a worker that lives", .takenBack, byHolder: true) { $0[$1].caller = stranger }
    try refuse("a task taken back twice", .takenBack) { $0.insert($0[$1], at: $1) }
    try refuse("a task that another transaction takes from behind the fence", .fenced) { $0[$1].transaction += 1 }
  }
}

extension RecordedEvent {
  static let kinds: [Kind] = [
    .registered, .workerEnded, .leased, .fenced, .completed, .takenBack, .refused, .newLife,
  ]
}
