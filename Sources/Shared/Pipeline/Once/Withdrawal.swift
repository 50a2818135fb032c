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
  ///   `PipelineError.missingFile` where the file of the one before is lost.
  package static func run(
    _ partition: Partition, reason: String, in environment: PipelineEnvironment, logger: Logger
  ) async throws -> Withdrawal {
    try await environment.withWorkspace { workspace in
      try await environment.pool.withConnection { connection in
        let scratch = try await workspace.prepareStaging("withdrawal")
        let (withdrawal, path) = try await connection.withTransaction { transaction in
          let row = try await transaction.one(
            "SELECT * FROM lake.begin_withdrawal($1, $2, $3, $4)",
            [partition.dataset, partition.dataYear, partition.region, partition.asOf])
          var withdrawal = Withdrawal(
            publicationID: try row.decode("publication_id"), shownAsOf: try row.text("shown_as_of"),
            shownPublicationID: nil, wasShown: try row.decode("was_shown"), rowCount: 0)
          if withdrawal.wasShown {
            withdrawal.shownAsOf = try row.text("before_as_of")
            withdrawal.shownPublicationID = try row.decode("before_publication_id")
          }
          let rows = withdrawal.wasShown ? try await load(row, partition, environment, scratch, transaction) : nil
          withdrawal.rowCount = rows?.count ?? 0
          try await transaction.execute(
            "SELECT lake.record_withdrawal($1, $2, $3, $4)",
            [withdrawal.publicationID, withdrawal.shownPublicationID, reason, rows?.table])
          return (withdrawal, try row.decode("path", as: String.self))
        }
        do {
          try await environment.lake.remove(path)
        } catch {
          logger.warning(
            "withdrawn; its file stays until aker lake repair --remove-orphans",
            metadata: ["path": "\(path)", "reason": "\(error)"])
        }
        return withdrawal
      }
    }
  }

  /// Puts the rows of the vintage before, by its file, into a table of their own: nobody but the owner writes the
  /// partition's.
  ///
  /// - Returns: nil where there is no vintage before.
  private static func load(
    _ row: PostgresRow, _ partition: Partition, _ environment: PipelineEnvironment, _ scratch: String,
    _ transaction: PostgresTransaction
  ) async throws -> (table: String, count: Int)? {
    guard let path = try row.text("before_path"), let asOf = try row.text("before_as_of") else { return nil }
    guard let file = try await environment.lake.localFile(path, scratch: scratch),
      try await SHA256.hash(ofFile: file).sha256 == row.decode("before_sha256", as: String.self)
    else { throw PipelineError.missingFile(path) }
    let reading = DatasetSpec.read(
      datasetYAML: try row.decode("dataset_yml"), transformSQL: try row.decode("transform_sql"),
      otherSQL: try JSONDecoder().decode(
        [String: String].self, from: Data(row.decode("rows_sql", as: String.self).utf8)))
    guard let spec = reading.spec else { throw DefinitionError(reading.errors) }
    var before = partition
    before.asOf = asOf
    let table: String = try await transaction.query(
      "SELECT lake.create_withdrawal_table($1, $2, $3) AS name",
      [partition.dataset, partition.dataYear, partition.region])[0].decode("name")
    let count = try await WarehouseLoader(engine: environment.engine, spec: spec, partition: before, localFile: file)
      .load(table, in: transaction)
    guard try count == row.decode("before_row_count", as: Int.self) else { throw PipelineError.missingFile(path) }
    return (table, count)
  }
}
