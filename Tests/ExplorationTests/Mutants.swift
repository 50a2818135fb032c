import Postgres

/// The schema with one mistake in it, as somebody could make one: by a replacement in the text of a function or view.
struct Mutant: CustomStringConvertible {
  var what: String
  /// In schema queue.
  var object: String
  var text: String
  var replacement: String
  /// Nothing is wrong as long as one transaction follows another.
  var needsPairs = false

  init(_ what: String, _ object: String, _ text: String, _ replacement: String, needsPairs: Bool = false) {
    (self.what, self.object, self.text, self.replacement) = (what, object, text, replacement)
    self.needsPairs = needsPairs
  }

  var description: String { "\(object): \(what)" }
  private var isView: Bool { object == "claimable_lane" }

  /// The mutated definition, and the one to put back.
  func definitions(_ connection: PostgresConnection) async throws -> (mutated: String, original: String) {
    let original: String = try await connection.query(
      isView
        ? "SELECT 'CREATE OR REPLACE VIEW queue.\(object) AS ' || pg_get_viewdef('queue.\(object)'::regclass) AS text"
        : "SELECT pg_get_functiondef('queue.\(object)'::regproc) AS text")[0].decode("text")
    return (original.replacing(text, with: replacement), original)
  }

  static let all: [Mutant] = [
    // Fences.
    Mutant(
      "a completion does not prove its lease", "_complete", "AND l.lease_token IS NOT DISTINCT FROM g.lease_token", ""),
    Mutant("a failure does not prove its lease", "_take_back", "AND d.lease_token = $2", ""),
    Mutant("the fence does not look at the lease", "fence", "AND l.lease_token = $2", ""),
    Mutant(
      "a cancelled backfill's task goes back to the queue", "_settle", "IF lane.cancelled_at IS NOT NULL THEN",
      "IF false THEN", needsPairs: true),
    // Locks.
    Mutant(
      "who gives back does not wait for who cancels", "_settle",
      "PERFORM queue._lock_backfill_shared(lane.backfill_id);", "", needsPairs: true),
    Mutant(
      "who cancels does not wait for who gives back", "cancel_backfill", "PERFORM queue._lock_backfill($1);", "",
      needsPairs: true),
    Mutant(
      "limits are counted without their lock", "claim", "ORDER BY s.source_id FOR NO KEY UPDATE",
      "ORDER BY s.source_id", needsPairs: true),
    Mutant(
      "who unblocks does not wait for who cancels", "_release_dependents",
      "PERFORM queue._lock_backfill_shared(f.backfill_id) FROM (", "PERFORM FROM (", needsPairs: true),
    // Limits and counts.
    Mutant(
      "one more than the limit", "_rooms", "s.max_running - coalesce(n.running, 0)",
      "s.max_running + 1 - coalesce(n.running, 0)"),
    Mutant("attempts are not counted", "_take", "g.attempt_count + 1", "g.attempt_count"),
    Mutant(
      "what is given back costs an attempt", "_settle",
      "given_back boolean := $2 IN ('throttled', 'released', 'snoozed', 'worker_lost')", "given_back boolean := false"),
    Mutant(
      "one attempt too many", "fail", "l.attempt_count >= lane.max_attempts", "l.attempt_count > lane.max_attempts"),
    Mutant(
      "one throttle too many", "fail", "l.throttle_count + 1 >= g.max_throttles", "l.throttle_count >= g.max_throttles"),
    Mutant(
      "one lost worker too many", "reap", "l.lost_count + 1 >= g.max_lost_workers", "l.lost_count >= g.max_lost_workers"
    ),
    Mutant("given back once too often", "give_back", "IF l.throttle_count >= (", "IF l.throttle_count > ("),
    Mutant(
      "completions are counted twice", "_complete", "SELECT g.lane_id, g.data_year, count(*) FROM gone",
      "SELECT g.lane_id, g.data_year, 2 * count(*) FROM gone"),
    Mutant(
      "a cancelled task is not counted", "cancel_task", "-coalesce(was_blocked, false)::integer, 1)",
      "-coalesce(was_blocked, false)::integer, 0)"),
    Mutant("a retried task is still counted as failed", "_reopen", "-count(*) FROM waits", "0 FROM waits"),
    // What waits for what.
    Mutant(
      "a failed upstream leaves its dependents waiting", "_settle", "PERFORM queue._fail_dependents(l.task_id,",
      "PERFORM concat(l.task_id,"),
    Mutant(
      "a cancelled upstream leaves its dependents waiting", "cancel_task", "PERFORM queue._fail_dependents($1,",
      "PERFORM concat($1,"),
    Mutant("a completed upstream releases nothing", "_complete", "PERFORM queue._release_dependents(done);", "NULL;"),
    // What gets lost, or is there twice.
    Mutant("a due task is dropped", "promote_due", "FROM due d;", "FROM due d WHERE false;"),
    Mutant(
      "a freed task stays blocked as well", "_release_dependents", "DELETE FROM queue.blocked k\n    USING (",
      "UPDATE queue.blocked k SET remaining = k.remaining\n    FROM ("),
    Mutant(
      "a stopped worker keeps its leases", "stop_worker", "DELETE FROM queue.lease d WHERE d.worker_id = $1",
      "DELETE FROM queue.lease d WHERE false"),
    Mutant("leases of lost workers are kept", "reap", "v.ended_at IS NOT NULL OR n.deadline_at", "n.deadline_at"),
    Mutant(
      "a cancelled backfill's leases are kept", "cancel_backfill",
      "WHERE a.backfill_id = $1 FOR UPDATE OF l SKIP LOCKED", "WHERE false FOR UPDATE OF l SKIP LOCKED"),
    // Ends that are none.
    Mutant(
      "a retried backfill stays closed", "_reopen", "WHERE b.backfill_id = $1 AND b.finished_at IS NOT NULL",
      "WHERE false"),
    Mutant(
      "a backfill closes with its first dataset", "tidy",
      "AND NOT EXISTS (SELECT FROM queue.lane a WHERE a.backfill_id = b.backfill_id AND a.closed_at IS NULL)", ""),
    Mutant("what has not ended is pruned", "prune", "WHERE b.finished_at <", "WHERE b.created_at <"),
    Mutant("tasks of a paused backfill are claimed", "claimable_lane", "(b.paused_at IS NOT NULL) OR ", ""),
  ]
}
