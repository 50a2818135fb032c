internal import AppliedCatalog
internal import Base
internal import Catalog
package import Engine
internal import FoundationEssentials
package import Lake
internal import Lineage
internal import Logging
package import OpenLineage
package import Postgres
internal import Quality
package import Queue

/// Builds and publishes partitions: what a worker does with a task.
package struct PipelineTaskHandler: TaskHandler {
  private let pool: PostgresPool
  private let engine: Engine
  private let lake: any LakeStore
  private let inputs: any InputSource
  private let definitions = DefinitionStore()
  private let swapRowCount: Int
  private let events: OpenLineageEvents?
  private let observer: StepObserver?
  /// A publication that is restored, whatever the task's definition is.
  private let restoring: Int64?
  private let host: HostLook?

  package init(
    pool: PostgresPool, engine: Engine, lake: any LakeStore, inputs: any InputSource, swapRowCount: Int? = nil,
    events: OpenLineageEvents? = nil, observer: StepObserver? = nil, restoring: Int64? = nil,
    host: HostLook? = nil
  ) {
    self.pool = pool
    self.engine = engine
    self.lake = lake
    self.inputs = inputs
    self.swapRowCount = swapRowCount ?? PartitionPublisher.standardSwapRowCount
    self.events = events
    self.observer = observer
    self.restoring = restoring
    self.host = host
  }

  package func probe(after errors: [any Error]) async throws -> [String] {
    try await host?.look(after: errors) ?? []
  }

  package func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
    StepBoundary.claimed.reached()
    return try await pool.withConnection { connection in
      try await run(lease, context, connection)
    }
  }

  private func run(
    _ lease: TaskLease, _ context: TaskContext, _ connection: PostgresConnection
  ) async throws -> TaskOutcome {
    let partition = Partition(
      dataset: lease.dataset, dataYear: lease.dataYear, region: lease.region, asOf: lease.asOf)
    let attempt = PublicationRecord.Attempt(
      taskID: lease.taskID, backfillID: lease.backfillID, leaseToken: lease.leaseToken,
      attemptNumber: lease.attemptNumber, workerID: "\(context.worker.name)/\(context.worker.workerID)",
      host: context.worker.host, codeVersion: context.worker.version, startedAt: lease.startedAt)
    let staging = LakePath.staging(
      taskID: lease.taskID, leaseToken: lease.leaseToken, mark: connection.configuration.incarnation.mark)
    var timer = StepTimer(
      { event in
        observer?(event)
        switch event.phase {
        case .started: return context.steps.began(event.step.rawValue)
        case .progressed: return
        case .ended: context.steps.ended(event.step.rawValue, detail: event.detail)
        }
        context.logger.debug(
          "\(event.step.rawValue)", metadata: ["duration": "\(event.duration)", "detail": "\(event.detail)"])
      }, reportsProgress: observer != nil)
    do {
      let spec = try await definitions.definition(
        dataset: lease.dataset, hash: lease.definitionHash, connection)
      if let events { try await events.queueStart(attempt, partition, connection) }
      var builder = PartitionBuilder(engine: engine, lake: lake, inputs: inputs, logger: context.logger)
      builder.didFetch = { context.steps.read($0.map(AttemptSteps.Input.init)) }
      let built: BuiltPartition
      if let restoring {
        let restoration = Restoration(
          publicationID: restoring, builder: builder, definitions: definitions,
          engineVersion: "DuckDB \(engine.duckdb.version)")
        built = try await restoration.build(partition, staging: staging, connection, &timer)
      } else {
        built = try await builder.build(partition, spec: spec, staging: staging, connection, &timer)
      }
      let publisher = PartitionPublisher(
        engine: engine, pool: pool, lake: lake, logger: context.logger, swapRowCount: swapRowCount, events: events)
      let result = try await publisher.publish(built, lease: lease, attempt: attempt, connection, &timer)
      context.logger.info(
        "\(result.outcome.rawValue)",
        metadata: ["rows": "\(result.rowCount)", "publication": "\(result.publicationID)"])
      return .published
    } catch {
      await cleanUp(after: error, lease, attempt, staging, context, connection)
      throw error
    }
  }

  /// Leaves nothing behind, and keeps what was learnt: the validation that failed. Best effort, since the database may be
  /// what failed; repair does the rest.
  private func cleanUp(
    after error: any Error, _ lease: TaskLease, _ attempt: PublicationRecord.Attempt, _ staging: String,
    _ context: TaskContext, _ connection: PostgresConnection
  ) async {
    // Cancelled or not: a task of its own, awaited here, whose statements are not cancelled with ours.
    await Task {
      let connection = (try? await connection.orAnother()) ?? connection
      do {
        if let invalid = error as? ValidationError {
          try await connection.execute(
            "SELECT quality.record_validation($1::jsonb)",
            [try invalid.validation.recordJSON(taskID: lease.taskID, leaseToken: lease.leaseToken)])
        }
        try await events?.queueFailure(attempt, lease, error, connection)
      } catch {
        context.logger.info("the failure's details could not be stored", metadata: ["reason": "\(error)"])
      }
      do {
        // Only where the transaction surely did not commit: a committed file waits there for repair.
        let live = try await connection.query(
          "SELECT FROM lake.manifest WHERE state = 'committed' AND staged_path LIKE $1 || '/%'", [staging])
        if live.isEmpty { try await lake.removeStaging(staging) }
      } catch {
        context.logger.info("a staging folder stays until the next repair", metadata: ["reason": "\(error)"])
      }
    }.value
  }
}
