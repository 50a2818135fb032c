internal import Catalog
internal import FoundationEssentials
package import Lineage
internal import Postgres
internal import Quality
internal import Queue
internal import Telemetry

/// What a task's way means in OpenLineage's words, put into the outbox.
package struct OpenLineageEvents: Sendable {
  private let builder: OpenLineageBuilder

  package init(_ builder: OpenLineageBuilder) {
    self.builder = builder
  }

  func queueStart(
    _ attempt: PublicationRecord.Attempt, _ partition: Partition, _ spec: DatasetSpec, _ connection: PostgresConnection
  ) async throws {
    try await queue([try builder.event(.start, run(attempt, partition), Self.now)], connection)
  }

  func completed(_ record: PublicationRecord, _ spec: DatasetSpec, _ validation: Validation) throws -> [String] {
    var run = run(
      record.attempt,
      Partition(dataset: record.dataset, dataYear: record.dataYear, region: record.region, asOf: record.asOf))
    run.inputs = record.inputs
    run.output = OpenLineageRun.Output(
      version: record.sha256, rowCount: record.rowCount, byteCount: record.byteCount, lake: record.lake,
      path: record.lakePath,
      fields: spec.columns.map { ($0.name, $0.type.description, $0.description) },
      assertions: validation.results.map { ($0.check.name.rawValue, $0.success, $0.check.column) })
    return [try builder.event(.complete, run, Self.now)]
  }

  func queueFailure(
    _ attempt: PublicationRecord.Attempt, _ lease: TaskLease, _ error: any Error, _ connection: PostgresConnection
  ) async throws {
    var run = run(
      attempt,
      Partition(dataset: lease.dataset, dataYear: lease.dataYear, region: lease.region, asOf: lease.asOf))
    run.errorMessage = (error as? any ClassifiedError)?.summary ?? "\(error)"
    let isAborted = error is CancellationError || error is QueueError
    try await queue([try builder.event(isAborted ? .abort : .fail, run, Self.now)], connection)
  }

  private func run(_ attempt: PublicationRecord.Attempt, _ partition: Partition) -> OpenLineageRun {
    OpenLineageRun(
      taskID: attempt.taskID, leaseToken: attempt.leaseToken, backfillID: attempt.backfillID,
      dataset: partition.dataset, dataYear: partition.dataYear, region: partition.region, asOf: partition.asOf,
      codeVersion: attempt.codeVersion)
  }

  private static var now: String { Date().formatted(.iso8601) }

  private func queue(_ events: [String], _ connection: PostgresConnection) async throws {
    try await connection.execute(
      "SELECT lineage.queue_events($1::jsonb)", ["[\(events.joined(separator: ","))]"])
  }
}
