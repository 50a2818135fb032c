internal import Catalog
internal import Engine
internal import FoundationEssentials
internal import Glibc
internal import Lake
internal import Postgres
internal import Telemetry

/// Streams a partition's rows out of DuckDB into a table, holding none of them.
struct WarehouseLoader {
  let engine: Engine
  let spec: DatasetSpec
  let partition: Partition
  /// The Parquet file on this host.
  let localFile: String
  /// The same rows as COPY reads them, where they are few.
  var rowsFile: String?

  init(engine: Engine, spec: DatasetSpec, partition: Partition, localFile: String, rowsFile: String? = nil) {
    self.engine = engine
    self.spec = spec
    self.partition = partition
    self.localFile = localFile
    self.rowsFile = rowsFile
  }

  init(engine: Engine, built: BuiltPartition) {
    self.init(
      engine: engine, spec: built.spec, partition: built.partition, localFile: built.localFile,
      rowsFile: built.rowsFile)
  }

  private func copySQL(_ table: String) -> String {
    let names = ["data_year"] + (spec.isSplit ? ["region"] : []) + ["as_of"] + spec.columns.map(\.name)
    return
      "COPY warehouse.\(SQL.identifier(table)) (\(names.map { SQL.identifier($0) }.joined(separator: ", "))) "
      + "FROM STDIN (FORMAT csv)"
  }

  private var script: EngineScript {
    BuildScript.exportScript(
      spec: spec, file: localFile, year: partition.dataYear, region: partition.region, asOf: partition.asOf)
  }

  /// Fills an empty table of its own, within the transaction of a withdrawal.
  /// - Returns: the rows loaded.
  func load(_ table: String, in transaction: PostgresTransaction) async throws -> Int {
    let (engine, script) = (engine, script)
    return try await transaction.copyIn(copySQL(table)) { writer in
      try await engine.stream(script) { try await Self.write($0, to: writer) }
    }
  }

  private static func read(_ file: String, _ body: ([UInt8]) async throws -> Void) async throws {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LakeError.io("open", file, errno) }
    defer { close(descriptor) }
    while true {
      let chunk = try [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, count in
        let length = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        guard length >= 0 else { throw LakeError.io("read", file, errno) }
        count = length
      }
      if chunk.isEmpty { return }
      try await body(chunk)
    }
  }

  /// Tells whoever watches how many lines went by: rows, but for those with a line break in a text.
  private static func write(_ chunk: [UInt8], to writer: PostgresCopyWriter) async throws {
    try await writer.write(chunk)
    StepBoundary.loading.reached()
    guard let observer = WorkProgress.observer else { return }
    observer(.done(chunk.count { $0 == UInt8(ascii: "\n") }))
  }

  /// Fills a staging table by one COPY after another, each a short transaction: a COPY of minutes would keep the vacuum
  /// from the queue's tables for as long.
  /// - Returns: the rows loaded.
  func fill(_ table: String, _ connection: PostgresConnection) async throws -> Int {
    if let rowsFile {
      return try await copy(into: table, connection) { writer in
        try await Self.read(rowsFile) { try await Self.write($0, to: writer) }
      }
    }
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
          count += try await copy(into: table, connection) { writer in
            while let chunk = try await pipe.nextOfPiece() { try await Self.write(chunk, to: writer) }
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
  /// One COPY, whose commit waits for no disk and no standby: what a crash takes with it was published by nobody, and the
  /// commit of a publication waits for all that came before it.
  private func copy(
    into table: String, _ connection: PostgresConnection, _ body: @Sendable (PostgresCopyWriter) async throws -> Void
  ) async throws -> Int {
    let sql = copySQL(table)
    return try await connection.withTransaction { transaction in
      try await transaction.executeScript("SET LOCAL synchronous_commit = off")
      return try await transaction.copyIn(sql, body)
    }
  }
}
