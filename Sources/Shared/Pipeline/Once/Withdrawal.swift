internal import AppliedCatalog
internal import Base
package import Catalog
internal import FoundationEssentials
internal import Lake
package import Logging
internal import Postgres
internal import Quality

/// A vintage of a partition taken back: the warehouse shows the one before again, by its file, in the transaction that
/// forgets the other.
package struct Withdrawal: Sendable {
  /// The publication that is no longer.
  package var publicationID: Int64
  /// What the warehouse shows now; nil for nothing.
  package var shownAsOf: String?
  package var shownPublicationID: Int64?
  /// Whether the warehouse showed the one that was taken back.
  package var wasShown: Bool
  package var rowCount: Int

  /// - Parameter reason: for its history.
  /// - Throws: `PostgresError` with AK005 where there is no such vintage, with AK006 while a task builds it;
  ///   `LakeFileError` where the file of the one before is lost.
  package static func run(
    _ partition: Partition, reason: String, in environment: PipelineEnvironment, logger: Logger
  ) async throws -> Withdrawal {
    try await environment.withWorkspace { workspace in
      try await environment.pool.withConnection { connection in
        let scratch = try await workspace.prepareStaging("withdrawal")
        let plan = try await Plan.read(partition, connection)
        let file = try await plan.localFile(environment, scratch)
        let withdrawal = try await connection.withTransaction { transaction in
          // All rows first: what is held while they come is held for as long as a client takes to send them.
          let rows = try await load(plan, file, partition, environment, transaction)
          try await transaction.execute("SET LOCAL idle_in_transaction_session_timeout = '\(idleLimit)'")
          guard try await Plan.begin(partition, transaction) == plan else {
            throw PipelineError.changedMeanwhile(partition.description)
          }
          var withdrawal = Withdrawal(
            publicationID: plan.publicationID, shownAsOf: plan.shownAsOf, wasShown: plan.wasShown,
            rowCount: rows?.count ?? 0)
          if plan.wasShown {
            withdrawal.shownAsOf = plan.before?.asOf
            withdrawal.shownPublicationID = plan.before?.publicationID
          }
          try await transaction.execute(
            "SELECT lake.record_withdrawal($1, $2, $3, $4)",
            [withdrawal.publicationID, withdrawal.shownPublicationID, reason, rows?.table])
          return withdrawal
        }
        do {
          try await environment.lake.remove(plan.path)
        } catch {
          logger.warning(
            "withdrawn; its file stays until aker lake repair --remove-orphans",
            metadata: ["path": "\(plan.path)", "reason": "\(error)"])
        }
        return withdrawal
      }
    }
  }

  /// Once the partition's row is held, as of a publication.
  private static let idleLimit = "15s"

  /// Puts the rows of the vintage before, by its file, into a table of their own, which nobody else sees before the commit.
  ///
  /// - Returns: nil where there is no vintage before.
  private static func load(
    _ plan: Plan, _ file: String?, _ partition: Partition, _ environment: PipelineEnvironment,
    _ transaction: PostgresTransaction
  ) async throws -> (table: String, count: Int)? {
    guard let before = plan.before, let file else { return nil }
    let reading = DatasetSpec.read(
      datasetYAML: before.datasetYAML, transformSQL: before.transformSQL,
      otherSQL: try JSONDecoder().decode([String: String].self, from: Data(before.rowsSQL.utf8)))
    guard let spec = reading.spec else { throw DefinitionError(reading.errors) }
    var shown = partition
    shown.asOf = before.asOf
    let table: String = try await transaction.one(
      "SELECT lake.create_withdrawal_table($1, $2, $3) AS name",
      [partition.dataset, partition.dataYear, partition.region]
    ).decode("name")
    let count = try await WarehouseLoader(engine: environment.engine, spec: spec, partition: shown, localFile: file)
      .load(table, in: transaction)
    guard count == before.rowCount else { throw PipelineError.missingFile(before.path) }
    return (table, count)
  }
}

extension Withdrawal {
  /// What the warehouse is to show instead.
  private struct Plan: Equatable {
    struct Before: Equatable {
      var publicationID: Int64
      var asOf: String
      var path: String
      var sha256: String
      var rowCount: Int
      var datasetYAML: String
      var transformSQL: String
      var rowsSQL: String
    }

    var publicationID: Int64
    var path: String
    var wasShown: Bool
    /// What the warehouse shows now.
    var shownAsOf: String?
    /// The vintage before; nil where there is none, or the warehouse shows another than the one that goes.
    var before: Before?

    /// Nothing is held when it returns.
    static func read(_ partition: Partition, _ connection: PostgresConnection) async throws -> Plan {
      try await connection.withTransaction { try await begin(partition, $0) }
    }

    /// Holds the partition's row until the transaction ends.
    static func begin(_ partition: Partition, _ transaction: PostgresTransaction) async throws -> Plan {
      let row = try await transaction.one(
        "SELECT * FROM lake.begin_withdrawal($1, $2, $3, $4)",
        [partition.dataset, partition.dataYear, partition.region, partition.asOf])
      var plan = Plan(
        publicationID: try row.decode("publication_id"), path: try row.decode("path"),
        wasShown: try row.decode("was_shown"), shownAsOf: try row.text("shown_as_of"))
      if plan.wasShown, let id = try row.decode("before_publication_id", as: Int64?.self) {
        plan.before = Before(
          publicationID: id, asOf: try row.decode("before_as_of"), path: try row.decode("before_path"),
          sha256: try row.decode("before_sha256"), rowCount: try row.decode("before_row_count"),
          datasetYAML: try row.decode("dataset_yml"), transformSQL: try row.decode("transform_sql"),
          rowsSQL: try row.decode("rows_sql"))
      }
      return plan
    }

    /// The file of the vintage before, on this host; nil where there is none.
    func localFile(_ environment: PipelineEnvironment, _ scratch: String) async throws -> String? {
      guard let before else { return nil }
      return try await environment.lake.publishedFile(before.path, sha256: before.sha256, scratch: scratch)
    }
  }
}
