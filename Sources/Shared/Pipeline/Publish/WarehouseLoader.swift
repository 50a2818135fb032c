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

  private func copySQL(_ table: String, _ format: RowFormat) -> String {
    let names = ["data_year"] + (spec.isSplit ? ["region"] : []) + ["as_of"] + spec.columns.map(\.name)
    return
      "COPY warehouse.\(SQL.identifier(table)) (\(names.map { SQL.identifier($0) }.joined(separator: ", "))) "
      + "FROM STDIN (FORMAT \(format.rawValue))"
  }

  private func script(_ format: RowFormat) -> EngineScript {
    BuildScript.exportScript(
      spec: spec, file: localFile, year: partition.dataYear, region: partition.region, asOf: partition.asOf,
      as: format)
  }

  /// Fills an empty table of its own, within the transaction of a withdrawal.
  /// - Returns: the rows loaded.
  func load(_ table: String, in transaction: PostgresTransaction) async throws -> Int {
    let (engine, script) = (engine, script(.csv))
    return try await transaction.copyIn(copySQL(table, .csv)) { writer in
      try await engine.stream(script) { try await Self.write($0[...], rows: $0.lineCount, to: writer) }
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

  private static func write(_ chunk: ArraySlice<UInt8>, rows: Int, to writer: PostgresCopyWriter) async throws {
    try await writer.write(chunk)
    StepBoundary.loading.reached()
    WorkProgress.observer?(.done(rows))
  }

  /// About a second of COPY: long enough that its own cost vanishes, short enough to hold nothing back.
  private static let pieceBytes = 48 * 1_048_576

  /// Fills a staging table by two COPYs side by side, and then the next two, each a short transaction: a COPY of minutes
  /// would keep the vacuum from the queue's tables for as long.
  /// - Parameter pool: lends the second COPY a session while nobody else wants it; without one the first does all.
  /// - Returns: the rows loaded.
  func fill(_ table: String, _ connection: PostgresConnection, and pool: PostgresPool) async throws -> Int {
    if let rowsFile {
      return try await copy(into: table, .csv, connection) { writer in
        try await Self.read(rowsFile) { try await Self.write($0[...], rows: $0.lineCount, to: writer) }
      }
    }
    let format = RowFormat(of: spec, engine.duckdb)
    let script = script(format)
    // One chunk on the way while others are written: DuckDB waits when Postgres is slower.
    let pipe = RowPipe(format.cutter)
    return try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask {
        do {
          try await engine.stream(script) { try await pipe.send($0) }
          await pipe.finish(nil)
          return 0
        } catch {
          await pipe.finish(error)
          throw error
        }
      }
      group.addTask {
        var count = 0
        while try await pipe.hasMore(for: 0) {
          count += try await copyPiece(of: pipe, 0, into: table, format, connection)
        }
        return count
      }
      group.addTask {
        var count = 0
        while try await pipe.hasMore(for: 1) {
          let copied = try await pool.withSpareConnection { try await copyPiece(of: pipe, 1, into: table, format, $0) }
          if let copied { count += copied } else { try await Task.sleep(for: Self.spareInterval) }
        }
        return count
      }
      do {
        return try await group.reduce(0, +)
      } catch {
        await pipe.stop()
        group.cancelAll()
        throw error
      }
    }
  }

  /// When to look again whether a session is to spare: about as long as a COPY takes.
  private static let spareInterval = Duration.seconds(1)

  private func copyPiece(
    of pipe: RowPipe, _ stream: Int, into table: String, _ format: RowFormat, _ connection: PostgresConnection
  ) async throws -> Int {
    let cutter = format.cutter
    return try await copy(into: table, format, connection) { writer in
      try await writer.write(cutter.opening)
      var byteCount = 0
      while let part = try await pipe.next(for: stream) {
        try await Self.write(part.bytes, rows: part.rowCount, to: writer)
        byteCount += part.bytes.count
        if part.endsRow, byteCount >= Self.pieceBytes { break }
      }
      try await writer.write(cutter.closing)
    }
  }

  /// One COPY, whose commit waits for no disk and no standby: what a crash takes with it was published by nobody, and the
  /// commit of a publication waits for all that came before it.
  private func copy(
    into table: String, _ format: RowFormat, _ connection: PostgresConnection,
    _ body: @Sendable (PostgresCopyWriter) async throws -> Void
  ) async throws -> Int {
    let sql = copySQL(table, format)
    return try await connection.withTransaction { transaction in
      try await transaction.executeScript("SET LOCAL synchronous_commit = off")
      return try await transaction.copyIn(sql, body)
    }
  }
}

extension [UInt8] {
  /// How many lines end here: rows, but for those with a line break in a text.
  fileprivate var lineCount: Int { count { $0 == UInt8(ascii: "\n") } }
}
