import Engine
import FoundationEssentials
import Glibc
import Logging
import Synchronization
import Base
import TestSupport
import Testing

@Suite("DuckDB processes")
struct EngineProcessTests {
  private func withEngine(
    memoryBytes: Int = 268_435_456, threads: Int = 1, diskBytes: Int = 16 << 30, processorSeconds: Int? = nil,
    _ body: (Engine, String) async throws -> Void
  ) async throws {
    let folder = "/tmp/aker-engine-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let duckdb = try await DuckDB.locate(
      explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker")
    let limits = EngineLimits(
      memoryBytes: memoryBytes, threads: threads, temporaryDirectory: folder + "/spill", diskBytes: diskBytes,
      processorSeconds: processorSeconds)
    try await body(Engine(duckdb, limits: limits, logger: Logger(label: "test")), folder)
  }

  private func failure(_ engine: Engine, _ script: EngineScript) async throws -> EngineError? {
    do {
      _ = try await engine.run(script)
      return nil
    } catch let failure as EngineFailure {
      return failure.error
    }
  }

  @Test("an input that another file takes the place of meanwhile is the host's trouble, and not the document's")
  func replacedInput() async throws {
    try await withEngine { engine, folder in
      let input = folder + "/input.csv"
      try Data("a\n1\n".utf8).write(to: URL(filePath: input))
      var script = EngineScript()
      script.readPaths = [input]
      let mark = folder + "/mark.csv"
      script.writePaths = [mark]
      script.add("mark", "COPY (SELECT 1 AS a) TO \(SQL.literal(mark));")
      // Long enough for the file to be replaced before it is opened.
      script.add("wait", "SELECT sum(hash(range)) AS s FROM range(200000000);")
      script.add("read", "SELECT a FROM read_csv(\(SQL.literal(input)), types = {'a': 'INTEGER'});")
      async let ended = failure(engine, script)
      try await eventually("this DuckDB is at work") { FileManager.default.fileExists(atPath: mark) }
      try Data("a\nno number\n".utf8).write(to: URL(filePath: input + ".new"))
      guard rename(input + ".new", input) == 0 else { throw TestFailure("rename: \(errno)") }
      guard case .failed(_, _, let message) = try await ended else {
        return #expect(Bool(false), "no failure of the host")
      }
      #expect(message.contains("was replaced meanwhile"))
    }
  }

  @Test("small inputs are given one thread, which is quicker; larger ones and folders all")
  func threads() async throws {
    try await withEngine(threads: 3) { engine, folder in
      let (small, large) = (folder + "/small.csv", folder + "/large.csv")
      try Data("a\n1\n".utf8).write(to: URL(filePath: small))
      try Data(count: 1_048_576).write(to: URL(filePath: large))
      for (paths, count) in [([], 1), ([small], 1), ([small, large], 3), ([folder + "/"], 3)] {
        var script = EngineScript()
        script.readPaths = paths
        script.add("threads", "SELECT current_setting('threads') AS n;")
        #expect(try await engine.run(script).text("threads") == "{\"n\":\(count)}", "\(paths)")
      }
    }
  }

  @Test("an error in a transform says its line and column, as an editor counts them, even in very long lines")
  func places() async throws {
    try await withEngine { engine, _ in
      var script = EngineScript()
      script.add(
        "transform.sql", before: "CREATE TABLE t AS SELECT * FROM (", userSQL: "SELECT 1 AS a,\n  nope AS b\n",
        after: ");")
      guard case .sql(let step, let message, let line, let column) = try await failure(engine, script) else {
        return #expect(Bool(false), "no SQL error")
      }
      #expect(step == "transform.sql" && line == 2 && column == 3)
      #expect(message.contains("nope"))

      let long = String(repeating: "1 + ", count: 80)
      var second = EngineScript()
      second.add(
        "transform.sql", before: "CREATE TABLE t AS SELECT * FROM (", userSQL: "SELECT\n \(long)nope AS b -- the end",
        after: ");")
      guard case .sql(_, _, let longLine, let longColumn) = try await failure(engine, second) else {
        return #expect(Bool(false), "no SQL error")
      }
      #expect(longLine == 2 && longColumn == long.count + 2)
    }
  }

  @Test("too little memory is an error that retrying elsewhere may cure")
  func memory() async throws {
    try await withEngine(memoryBytes: 33_554_432) { engine, _ in
      var script = EngineScript()
      script.add("transform.sql", "SELECT len(list(range)) AS n FROM range(100000000);")
      let error = try #require(try await failure(engine, script))
      guard case .outOfMemory = error else { return #expect(Bool(false), "\(error)") }
      #expect(error.errorClass == .transient)
    }
  }

  /// Rows without end: two that are to be sorted, and one that is counted and never written.
  private static let endless = "FROM range(10000000000) AS x (i), range(10000000000) AS y (j)"

  @Test("what writes without end, into temporary files or its result, is ended at what a task may write")
  func writesWithoutEnd() async throws {
    for sql in [
      "CREATE TABLE t AS SELECT i * 7919 % 1000003 AS i, j \(Self.endless) ORDER BY ALL;",
      "COPY (SELECT md5((i + j)::text) AS t \(Self.endless)) TO 'FOLDER/t.parquet' (FORMAT parquet);",
    ] {
      // 2 MiB less than what DuckDB needs to begin with would be another error.
      try await withEngine(memoryBytes: 134_217_728, diskBytes: 67_108_864) { engine, folder in
        var script = EngineScript()
        script.writePaths = [folder + "/t.parquet"]
        script.add("transform.sql", sql.replacing("FOLDER", with: folder))
        let error = try #require(try await failure(engine, script))
        #expect(error == .tooLarge(step: "transform.sql", limitBytes: 67_108_864), "\(error)")
        // The definition's own fault: neither is it tried again, nor is the host suspected.
        #expect(error.errorClass == .data && !error.mayBeHost && !error.isHosts)
      }
    }
  }

  @Test("what reckons without end, and writes nothing, is ended by the processors' time that it took")
  func reckonsWithoutEnd() async throws {
    try await withEngine(processorSeconds: 2) { engine, _ in
      var script = EngineScript()
      script.add("transform.sql", "SELECT count(*) AS n \(Self.endless) WHERE hash(i, j) = 1;")
      let error = try #require(try await failure(engine, script))
      #expect(error == .tooLong(step: "transform.sql", seconds: 2), "\(error)")
      #expect(error.errorClass == .data && !error.mayBeHost)
    }
  }

  @Test("a script reads and writes what it was given, and nothing else on the host")
  func locked() async throws {
    try await withEngine { engine, folder in
      for sql in [
        "SELECT * FROM read_text('/etc/passwd');", "COPY (SELECT 1) TO '/tmp/aker-escaped.csv';",
        "INSTALL httpfs;", "SET enable_external_access = true;", "ATTACH '/tmp/aker-escaped.db';",
      ] {
        var script = EngineScript()
        script.readPaths = [folder + "/"]
        script.add("transform.sql", sql)
        let refusal = try await failure(engine, script)
        #expect(refusal != nil, "\(sql)")
      }
      #expect(!FileManager.default.fileExists(atPath: "/tmp/aker-escaped.csv"))
    }
  }

  @Test("cancelling kills the process")
  func cancels() async throws {
    try await withEngine { engine, folder in
      let mark = folder + "/mark.csv"
      let running = Task {
        var script = EngineScript()
        script.writePaths = [mark]
        script.add("mark", "COPY (SELECT 1 AS a) TO \(SQL.literal(mark));")
        script.add("transform.sql", "SELECT count(*) FROM range(1000000000) a, range(1000000) b;")
        _ = try await engine.run(script)
      }
      try await eventually("this DuckDB is at work") { FileManager.default.fileExists(atPath: mark) }
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
      // run() returns when its process has ended.
    }
  }

  @Test("rows stream: a slow reader holds DuckDB back, and an error after much output is an error")
  func streams() async throws {
    try await withEngine { engine, _ in
      let count = Mutex(0)
      var script = EngineScript()
      script.add("export", "COPY (SELECT range AS a FROM range(2000000)) TO '/dev/stdout' (FORMAT csv, HEADER false);")
      try await engine.stream(script) { bytes in
        count.withLock { $0 += bytes.count { $0 == UInt8(ascii: "\n") } }
      }
      #expect(count.withLock { $0 } == 2_000_000)

      var failing = EngineScript()
      failing.add(
        "export",
        "COPY (SELECT CASE WHEN range < 1500000 THEN range ELSE error('late') END AS a FROM range(2000000)) TO '/dev/stdout' (FORMAT csv, HEADER false);"
      )
      await #expect(throws: EngineError.self) { try await engine.stream(failing) { _ in } }
    }
  }

  @Test("where the program is missing or too old, the message says where it was looked for and what to do")
  func locates() async throws {
    await #expect(throws: EngineError.notFound(tried: ["/nowhere/duckdb"])) {
      try await DuckDB.locate(explicit: "/nowhere/duckdb", home: "/nowhere")
    }
    let old = "/tmp/aker-old-duckdb-\(UUID().uuidString)"
    try Data("#!/bin/sh\necho 'v1.1.3 19864453f7'\n".utf8).write(to: URL(filePath: old))
    defer { try? FileManager.default.removeItem(atPath: old) }
    chmod(old, 0o755)
    await #expect(throws: EngineError.wrongVersion(path: old, found: "1.1.3", wanted: DuckDB.oldestVersion)) {
      try await DuckDB.locate(explicit: old, home: "/nowhere")
    }
  }
}
