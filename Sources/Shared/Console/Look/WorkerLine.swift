package import FoundationEssentials
package import Postgres

/// A worker that lives, or ended within the last hour.
package struct WorkerLine: Encodable, Sendable {
  package var worker_id: Int64
  package var name: String
  package var host: String
  package var pid: Int?
  package var version: String?
  package var state: String
  package var slots: Int
  package var busy: Int
  /// How long ago, as Postgres writes an interval.
  package var last_heard: String?
  package var started_at: Date
  package var end_reason: String?
  /// What is wrong with its host, which keeps it from claiming.
  package var host_trouble: String?
  package var unwell_for: String?

  /// The living first.
  package static func list(_ session: some PostgresSession) async throws -> [WorkerLine] {
    try await session.query(
      """
      SELECT worker_id, name, host, pid, version, state, slots, busy, last_heard, started_at, end_reason,
        host_trouble, unwell_for
      FROM queue.workers
      """
    ).map { try WorkerLine($0) }
  }
}

extension WorkerLine {
  /// The names of those that take tasks.
  package static func living(_ session: some PostgresSession) async throws -> [String] {
    try await session.query("SELECT name FROM queue.worker WHERE state = 'running' ORDER BY 1")
      .map { try $0.decode("name") }
  }

  fileprivate init(_ row: PostgresRow) throws {
    worker_id = try row.decode("worker_id")
    name = try row.decode("name")
    host = try row.decode("host")
    pid = try row.decode("pid")
    version = try row.text("version")
    state = try row.decode("state")
    slots = try row.decode("slots")
    busy = try row.decode("busy")
    last_heard = try row.text("last_heard")
    started_at = try row.decode("started_at")
    end_reason = try row.text("end_reason")
    host_trouble = try row.text("host_trouble")
    unwell_for = try row.text("unwell_for")
  }
}
