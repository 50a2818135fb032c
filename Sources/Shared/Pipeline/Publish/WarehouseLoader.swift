internal import Catalog
internal import Engine
internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Telemetry

/// Streams a partition's rows out of DuckDB into a table, holding none of them.
struct WarehouseLoader {
  let engine: Engine
  let built: BuiltPartition
  /// The table's own columns that the definition still declares, or has: those the rows have.
  let columns: [DatasetColumn]

  init(engine: Engine, built: BuiltPartition) {
    self.engine = engine
    self.built = built
    columns = built.spec.columns
  }

  private func copySQL(_ table: String) -> String {
    let names = ["data_year"] + (built.spec.isSplit ? ["region"] : []) + ["as_of"] + columns.map(\.name)
    return
      "COPY warehouse.\(SQL.identifier(table)) (\(names.map { SQL.identifier($0) }.joined(separator: ", "))) "
      + "FROM STDIN (FORMAT csv)"
  }

  private var script: EngineScript {
    BuildScript.exportScript(
      spec: built.spec, file: built.localFile, year: built.partition.dataYear, region: built.partition.region,
      asOf: built.partition.asOf, columns: columns)
  }

  /// Replaces all rows of the partition's leaf, within the publish transaction.
  /// - Returns: the rows loaded.
  func replace(_ leaf: String, in transaction: PostgresTransaction) async throws -> Int {
    try await transaction.execute("DELETE FROM warehouse.\(SQL.identifier(leaf))")
    let (engine, script) = (engine, script)
    return try await transaction.copyIn(copySQL(leaf)) { writer in
      try await engine.stream(script) { chunk in
        try await writer.write(chunk)
        Self.report(chunk)
      }
    }
  }

  /// Tells whoever watches how many lines went by: rows, but for those with a line break in a text.
  private static func report(_ chunk: [UInt8]) {
    guard let observer = WorkProgress.observer else { return }
    observer(chunk.count { $0 == UInt8(ascii: "\n") })
  }

  /// Fills a staging table by one COPY after another, each a short transaction: a COPY of minutes would keep the vacuum
  /// from the queue's tables for as long.
  func fill(_ table: String, _ connection: PostgresConnection) async throws -> Int {
    let sql = copySQL(table)
    let (engine, script) = (engine, script)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      // One chunk on the way while one is written: DuckDB waits when Postgres is slower.
      let pipe = RowPipe()
      group.addTask {
        do {
          try await engine.stream(script) { try await pipe.send($0) }
          await pipe.finish(nil)
        } catch {
          await pipe.finish(error)
          throw error
        }
      }
      var count = 0
      do {
        while try await pipe.hasMore() {
          count += try await connection.copyIn(sql) { writer in
            while let chunk = try await pipe.nextOfPiece() {
              try await writer.write(chunk)
              Self.report(chunk)
            }
          }
        }
      } catch {
        await pipe.stop()
        group.cancelAll()
        throw error
      }
      try await group.waitForAll()
      return count
    }
  }
}
