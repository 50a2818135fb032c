internal import Base
internal import Catalog
internal import Engine
internal import FoundationEssentials
internal import Lake
internal import Lineage
internal import Logging
internal import OpenLineage
internal import Postgres
internal import Quality
internal import Queue

/// Publishes a built partition: rows, manifest, lineage, quality and the task's completion in one transaction behind the
/// fence; then the file gets its name.
struct PartitionPublisher {
  let engine: Engine
  /// Lends a second session to load large partitions by.
  let pool: PostgresPool
  let lake: any LakeStore
  let logger: Logger
  /// A year of more rows than this has a table of its own. A partition of more is swapped in as a table where it is the
  /// whole year; all else is moved into the year's table.
  let swapRowCount: Int
  let events: OpenLineageEvents?

  /// Up to here both ways take as long; above, the swap is quicker and its transaction a tenth of the other's
  /// (docs/benchmarks.md). AKER_SWAP_ROW_COUNT changes it.
  static let standardSwapRowCount = 150_000

  struct Result {
    var outcome: PublicationRecord.Outcome
    var rowCount: Int
    var publicationID: Int64
    var change: MeasuredChange?
  }

  /// - Throws: `QueueError.leaseLost` when another attempt holds the task now: nothing has then been changed.
  func publish(
    _ built: BuiltPartition, lease: TaskLease, attempt: PublicationRecord.Attempt, _ connection: PostgresConnection,
    _ timer: inout StepTimer
  ) async throws -> Result {
    let partition = built.partition
    let expected = try await prepare(built, lease, connection)
    StepBoundary.partitionPrepared.reached()
    let change = try await ChangeMeasurement(engine: engine, lake: lake).measure(built, connection)
    try await lake.stage(built.staging)
    StepBoundary.staged.reached()

    var stagingTable: String?
    if expected == .published {
      stagingTable = try await timer.time(.load, total: built.rowCount, detail: { "into \($0)" }) {
        try await load(built, lease, connection)
      }
      StepBoundary.stagingLoaded.reached()
    }

    var record = PublicationRecord(
      attempt: attempt, dataset: partition.dataset, dataYear: partition.dataYear, region: partition.region,
      asOf: partition.asOf, definitionHash: built.definitionHash, engineVersion: "DuckDB \(engine.duckdb.version)",
      outcome: expected, rowCount: built.rowCount, byteCount: built.byteCount, sha256: built.sha256,
      lakePath: LakePath.file(
        dataset: partition.dataset, asOf: partition.asOf, dataYear: partition.dataYear, region: partition.region),
      stagedPath: "\(built.staging)/\(built.spec.name).parquet", lake: lake.location, inputs: built.inputs,
      change: change, stepSeconds: timer.seconds)
    let (outcome, publicationID) = try await timer.time(.publish, total: built.rowCount, detail: { $0.0.words() }) {
      [record] in
      try await commit(record, built, lease, stagingTable: stagingTable, connection)
    }
    record.outcome = outcome
    StepBoundary.committed.reached()

    try await timer.time(.place, detail: { "\(record.lakePath)" }) { [record] in
      // It is published, so there is no lease to hold: the worker's next tick calls it lost, and cancels us.
      await Task { await place(record, publicationID: publicationID, built, connection) }.value
    }
    return Result(outcome: outcome, rowCount: built.rowCount, publicationID: publicationID, change: change)
  }

  /// Makes sure there is a place for the rows, and says what the publication will probably be.
  private func prepare(
    _ built: BuiltPartition, _ lease: TaskLease, _ connection: PostgresConnection
  ) async throws -> PublicationRecord.Outcome {
    let partition = built.partition
    return try await QueueError.translated {
      try await connection.execute(
        "SELECT warehouse.prepare_partition($1, $2, $3, $4, $5, $6, $7)",
        [
          partition.dataset, partition.dataYear, partition.region, lease.taskID, lease.leaseToken, built.rowCount,
          swapRowCount,
        ])
      return try Self.decision(
        await connection.query(Self.beginSQL, Self.beginParameters(partition, built.sha256, lease))
      ).outcome
    }
  }

  private static let beginSQL = "SELECT * FROM lake.begin_publication($1, $2, $3, $4, $5, $6, $7)"

  private static func beginParameters(
    _ partition: Partition, _ sha256: String, _ lease: TaskLease
  ) -> [(any PostgresEncodable)?] {
    [
      partition.dataset, partition.dataYear, partition.region, partition.asOf, sha256, lease.taskID, lease.leaseToken,
    ]
  }

  private static func decision(_ rows: [PostgresRow]) throws -> (outcome: PublicationRecord.Outcome, leaf: String) {
    let row = try PostgresRow.only(rows, of: beginSQL)
    return (try row.decode("outcome"), try row.decode("leaf"))
  }

  // MARK: Loading aside

  /// Rows of all sizes come into the database before the fence: a worker that is suspended in the middle of them holds
  /// nothing that others wait for, and the reaper may end its session (docs/queue.md).
  private func load(
    _ built: BuiltPartition, _ lease: TaskLease, _ connection: PostgresConnection
  ) async throws -> String {
    let partition = built.partition
    let row = try await QueueError.translated {
      try await connection.one(
        "SELECT name FROM warehouse.create_staging($1, $2, $3, $4, $5) AS name",
        [partition.dataset, partition.dataYear, partition.region, lease.taskID, lease.leaseToken])
    }
    let table: String = try row.decode("name")
    do {
      let count = try await WarehouseLoader(engine: engine, built: built).fill(table, connection, and: pool)
      guard count == built.rowCount else { throw Self.miscounted(built, count) }
      if isSwapped(built) {
        _ = try await QueueError.translated {
          try await connection.execute(
            "SELECT warehouse.index_staging($1, $2, $3, $4)",
            [partition.dataset, partition.dataYear, partition.region, table])
        }
      }
      return table
    } catch {
      await dropStaging(table, lease, connection)
      throw error
    }
  }

  private func isSwapped(_ built: BuiltPartition) -> Bool { !built.spec.isSplit && built.rowCount > swapRowCount }

  /// Best effort: what stays behind is dropped by the next repair.
  private func dropStaging(_ table: String, _ lease: TaskLease, _ connection: PostgresConnection) async {
    do {
      try await connection.orAnother().execute("SELECT warehouse.drop_staging($1, $2)", [table, lease.leaseToken])
    } catch {
      logger.info("a staging table stays until the next repair", metadata: ["table": "\(table)", "reason": "\(error)"])
    }
  }

  private static func miscounted(_ built: BuiltPartition, _ count: Int) -> LakeError {
    .system(
      action: "load", path: built.partition.description, code: 0,
      message: "\(count.counted("row")) \(count == 1 ? "was" : "were") loaded of \(built.rowCount)")
  }

  // MARK: The transaction

  private func commit(
    _ record: PublicationRecord, _ built: BuiltPartition, _ lease: TaskLease, stagingTable: String?,
    _ connection: PostgresConnection
  ) async throws -> (PublicationRecord.Outcome, Int64) {
    var stagingTable = stagingTable
    var swapTries = isSwapped(built) ? Self.swapTries : 0
    var collisionTries = Self.collisionTries
    while true {
      do {
        // The swap waits a moment at a time for readers to let go, of the table or of a snapshot that is older than the new
        // rows; when they do not, rows are moved instead.
        let (table, swaps) = (stagingTable, swapTries > 0)
        let result = try await connection.withTransaction { transaction in
          try await publish(record, built, lease, stagingTable: table, swaps: swaps, in: transaction)
        }
        // Another publication came first, with the same bytes or a newer vintage.
        if let stagingTable, result.0 != .published { await dropStaging(stagingTable, lease, connection) }
        return result
      } catch let doubt as PostgresError where doubt.isCommitInDoubt {
        let question = CommitInDoubt(lease: lease, configuration: connection.configuration, logger: logger)
        if let settled = try await question.settled(doubt) { return settled }
        if let stagingTable { await dropStaging(stagingTable, lease, connection) }
        throw PostgresError(.connection, "\(doubt.message); the publication was not committed")
      } catch is RowsWanted where stagingTable == nil {
        stagingTable = try await load(built, lease, connection)
      } catch let error as PostgresError where error.sqlState == Self.lockNotAvailable && swapTries > 0 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 20...200) * (1 + Self.swapTries - swapTries)))
        swapTries -= 1
      } catch let error as PostgresError where error.isCollision && collisionTries > 0 {
        // A migration beside publications, which locks in another order. What is staged stays; the fence is asked anew.
        logger.info("another transaction came in the way: once more", metadata: ["reason": "\(error.inOneLine)"])
        collisionTries -= 1
      } catch {
        if let stagingTable { await dropStaging(stagingTable, lease, connection) }
        throw error
      }
    }
  }

  /// What the partition showed has changed since we looked: it is to have our rows after all.
  private struct RowsWanted: Error {}

  /// A worker that is suspended within its publication holds the partition's lock: the server ends its session, so that
  /// the next attempt waits for half a lease at most. Nothing here is idle for longer than an fsync.
  private static let idleLimit = "15s"
  /// Of one statement, all of whose work is the server's own: many times what moving ten million rows takes.
  private static let statementLimit = "10min"

  /// Readers queue behind a waiting swap for this long at most, so many times.
  private static let swapLockTimeout = "150ms"
  /// `idleLimit` once it has swapped, since readers wait until it commits, and it has only to say a few things.
  private static let swappedIdleLimit = "2s"
  private static let swapTries = 6
  private static let collisionTries = 6
  private static let lockNotAvailable = "55P03"

  private func publish(
    _ record: PublicationRecord, _ built: BuiltPartition, _ lease: TaskLease, stagingTable: String?, swaps: Bool,
    in transaction: PostgresTransaction
  ) async throws -> (PublicationRecord.Outcome, Int64) {
    let partition = built.partition
    _ = try await transaction.query(
      "SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('statement_timeout', $2, true)",
      [Self.idleLimit, Self.statementLimit])
    try await lease.fence(in: transaction)
    StepBoundary.fenced.reached()
    let (outcome, _) = try Self.decision(
      await transaction.query(Self.beginSQL, Self.beginParameters(partition, built.sha256, lease)))
    if outcome == .published {
      guard let stagingTable else { throw RowsWanted() }
      if swaps {
        try await transaction.executeScript(
          """
          SET LOCAL lock_timeout = '\(Self.swapLockTimeout)';
          SET LOCAL idle_in_transaction_session_timeout = '\(Self.swappedIdleLimit)';
          """)
        try await transaction.execute(
          "SELECT warehouse.swap_partition($1, $2, $3, $4)",
          [partition.dataset, partition.dataYear, partition.region, stagingTable])
        try await transaction.execute("SET LOCAL lock_timeout = 0")
      } else {
        try await transaction.execute(
          "SELECT warehouse.move_partition($1, $2, $3, $4), warehouse.drop_staging($4, $5)",
          [partition.dataset, partition.dataYear, partition.region, stagingTable, lease.leaseToken])
      }
    }
    StepBoundary.rowsReplaced.reached()
    var record = record
    record.outcome = outcome
    let validation = try built.validation.recordJSON(taskID: lease.taskID, leaseToken: lease.leaseToken)
    let recorded = try await transaction.query(
      "SELECT lake.record_publication($1::jsonb) AS id",
      [try record.json(validation: validation, events: events?.completed(record, built.spec, built.validation) ?? [])])
    let publicationID: Int64 = try recorded[0].decode("id")
    StepBoundary.recorded.reached()
    try await lease.complete(
      in: transaction,
      result: """
        {"publication_id":\(publicationID),"outcome":"\(outcome.rawValue)","rows":\(built.rowCount),\
        "warnings":\(built.validation.warnedCount)}
        """)
    StepBoundary.completed.reached()
    return (outcome, publicationID)
  }

  // MARK: The file

  /// The publication stands already: what fails here is finished by repair.
  private func place(
    _ record: PublicationRecord, publicationID: Int64, _ built: BuiltPartition, _ connection: PostgresConnection
  ) async {
    do {
      // By its hash: after a fail-over, the file may be that of a publication which was lost.
      if record.outcome == .unchanged, try await lake.sha256(record.lakePath) == record.sha256 {
        try await lake.removeStaging(built.staging)
        return
      }
      if try await !lake.place(built.staging, at: record.lakePath) {
        // Somebody else may have placed it; or somebody removed what was staged, which repair has to say.
        guard try await lake.sha256(record.lakePath) == built.sha256 else {
          throw LakeError.wrongContent(path: record.lakePath)
        }
      }
      StepBoundary.placed.reached()
      try await connection.orAnother().execute(
        "SELECT lake.mark_in_place($1, true, $2)", [publicationID, record.attempt.leaseToken])
      StepBoundary.markedInPlace.reached()
    } catch {
      logger.warning(
        "published, and the file will get its name at the next repair",
        metadata: ["path": "\(record.lakePath)", "reason": "\(error)"])
    }
  }
}
