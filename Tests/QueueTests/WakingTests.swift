import Postgres
import Queue
import TestSupport
import Testing

/// Who is woken when there is work.
@Suite(.database)
struct WakingTests {
  /// Channels on which something was heard of what `body` committed.
  private func heard(
    by workers: [Int], _ fixture: QueueFixture, _ body: () async throws -> Void
  ) async throws -> Set<String> {
    let listener = try await PostgresListener.connect(
      fixture.database.configuration, channels: ["aker_queue", "the_end"] + workers.map { "aker_queue_\($0)" })
    try await body()
    try await fixture.run("NOTIFY the_end")
    var channels: Set<String> = []
    // They come in the order of their commits.
    for await notification in listener.notifications {
      if notification.channel == "the_end" { break }
      channels.insert(notification.channel)
    }
    await listener.close()
    return channels
  }

  @Test func noMoreWorkersAreWokenThanThereAreTasksAndNoneThatIsBusy() async throws {
    let fixture = try await QueueFixture.make()
    var workers: [Int] = []
    for number in 1...20 { workers.append(try await fixture.worker("w\(number)", slots: 1)) }
    let three = try await heard(by: workers, fixture) { try await fixture.enqueue(years: 2001...2003) }
    #expect(three.count == 4 && three.contains("aker_queue"), "\(three)")

    // Three are busy, and one has not been heard of for long: sixteen are left, however much there is to do.
    for worker in workers[0...2] { #expect(try await fixture.claim(worker, 1).count == 1) }
    try await fixture.run(
      "UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '10 seconds' WHERE worker_id = $1", [workers[3]])
    let others = try await heard(by: workers, fixture) { try await fixture.enqueue(years: 2004...2040) }
    #expect(others == Set(workers[4...].map { "aker_queue_\($0)" } + ["aker_queue"]))
  }

  @Test func aTaskThatComesBackWakesOne() async throws {
    let fixture = try await QueueFixture.make()
    let workers = [try await fixture.worker("a"), try await fixture.worker("b"), try await fixture.worker("c")]
    try await fixture.enqueue(years: 2001...2001)
    let lease = try #require(try await fixture.claim(workers[0]).first)
    let channels = try await heard(by: workers, fixture) {
      try await fixture.run("SELECT queue.release($1, $2, 'not now')", [lease.taskID, lease.leaseToken])
    }
    #expect(channels.count == 2, "\(channels)")
  }
}
