package import Catalog
internal import FoundationEssentials
package import Lineage
package import Postgres
package import Quality
package import Queue
internal import Base

/// What a task's way means in OpenLineage's words, put into the outbox: START before the work, COMPLETE in the publish
/// transaction, FAIL or ABORT otherwise.
package struct OpenLineageEvents: Sendable {
  private let builder: OpenLineageBuilder

  package init(_ builder: OpenLineageBuilder) {
    self.builder = builder
  }

  package func queueStart(
    _ attempt: PublicationRecord.Attempt, _ partition: Partition, _ connection: PostgresConnection
  ) async throws {
    try await connection.execute(
      "SELECT lineage.start_run($1, $2, $3::jsonb)",
      [attempt.taskID, attempt.leaseToken, try builder.event(.start, Self.run(attempt, partition), Date())])
  }

  package func completed(_ record: PublicationRecord, _ spec: DatasetSpec, _ validation: Validation) throws -> [String]
  {
    var run = Self.run(
      record.attempt,
      Partition(dataset: record.dataset, dataYear: record.dataYear, region: record.region, asOf: record.asOf))
    run.inputs = record.inputs
    run.output = OpenLineageRun.Output(
      version: record.sha256, rowCount: record.rowCount, byteCount: record.byteCount, lake: record.lake,
      path: record.lakePath, fields: Self.fields(spec),
      assertions: validation.results.map { result in
        OpenLineageRun.Assertion(
          name: result.check.name.rawValue, success: result.success, column: result.check.column,
          isFatal: result.check.severity == .fail)
      })
    return [try builder.event(.complete, run, Date())]
  }

  package func queueFailure(
    _ attempt: PublicationRecord.Attempt, _ lease: TaskLease, _ error: any Error, _ connection: PostgresConnection
  ) async throws {
    var run = Self.run(
      attempt,
      Partition(dataset: lease.dataset, dataYear: lease.dataYear, region: lease.region, asOf: lease.asOf))
    run.errorMessage = error.inOneLine
    let isAborted = error is CancellationError || error is QueueError
    try await connection.execute(
      "SELECT lineage.end_run($1, $2, $3::jsonb)",
      [attempt.taskID, attempt.leaseToken, try builder.event(isAborted ? .abort : .fail, run, Date())])
  }

  private static func run(_ attempt: PublicationRecord.Attempt, _ partition: Partition) -> OpenLineageRun {
    OpenLineageRun(
      taskID: attempt.taskID, leaseToken: attempt.leaseToken, backfillID: attempt.backfillID,
      dataset: partition.dataset, dataYear: partition.dataYear, region: partition.region, asOf: partition.asOf,
      codeVersion: attempt.codeVersion)
  }

  static func fields(_ spec: DatasetSpec) -> [OpenLineageRun.Field] {
    let sourceIDs = Dictionary(spec.requests.map { ($0.name, $0.sourceID) }) { first, _ in first }
    return spec.columns.map { column in
      OpenLineageRun.Field(
        name: column.name, type: column.type.description, description: column.description,
        sources: column.sources.compactMap { source in
          // `request.column`, or `dataset.column` of a published one.
          guard let dot = source.firstIndex(of: ".") else { return nil }
          let name = String(source[..<dot])
          return OpenLineageRun.FieldSource(
            sourceID: sourceIDs[name], name: name, column: String(source[source.index(after: dot)...]))
        })
    }
  }
}
