import Base
import Engine
import FoundationEssentials
import Glibc
import Logging
import TestSupport
import Testing

/// What somebody with the right to write a definition, and nothing more, would try on a worker's host.
@Suite("Hostile SQL")
struct HostileSQLTests {
  private struct Scene {
    let engine: Engine
    let folder: String
    /// A file that the script may read, and one beside it that it may not.
    var input: String { folder + "/in/input.csv" }
    var secret: String { folder + "/in/secret.csv" }
    /// What a successful attack would leave.
    var evidence: String { folder + "/evidence" }
    var output: String { folder + "/out/result.parquet" }

    /// What the process is given in any case.
    func script() -> EngineScript {
      var script = EngineScript()
      script.readPaths = [input]
      script.writePaths = [output]
      return script
    }

    func transform(_ sql: String) -> EngineScript {
      var script = script()
      script.add(
        "transform.sql", before: "COPY (SELECT * FROM (", userSQL: sql, after: ")) TO '\(output)' (FORMAT parquet);")
      return script
    }

    func macros(_ sql: String) -> EngineScript {
      var script = script()
      script.addMacros("macros/m.sql", sql)
      return script
    }

    /// The error, where there was one.
    func failure(_ script: EngineScript) async throws -> EngineFailure? {
      do {
        _ = try await engine.run(script)
        return nil
      } catch let failure as EngineFailure {
        return failure
      }
    }

    func wasHarmed() -> Bool {
      let before = "a,b\n1,2\n"
      return FileManager.default.fileExists(atPath: evidence)
        || FileManager.default.contents(atPath: input) != Data(before.utf8)
        || FileManager.default.contents(atPath: secret) != Data("the secret\n".utf8)
    }
  }

  private func withScene(_ body: (Scene) async throws -> Void) async throws {
    let folder = "/tmp/aker-hostile-\(UUID().uuidString)"
    for name in ["in", "out", "spill"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let duckdb = try await DuckDB.locate(
      explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker")
    let limits = EngineLimits(memoryBytes: 268_435_456, threads: 1, temporaryDirectory: folder + "/spill")
    let scene = Scene(engine: Engine(duckdb, limits: limits, logger: Logger(label: "test")), folder: folder)
    try Data("a,b\n1,2\n".utf8).write(to: URL(filePath: scene.input))
    try Data("the secret\n".utf8).write(to: URL(filePath: scene.secret))
    try await body(scene)
  }

  @Test("a line that begins with a dot is never a command, wherever it stands")
  func dots() async throws {
    try await withScene { scene in
      let command = ".shell touch \(scene.evidence)"
      let ends = [
        "SELECT 1 AS a)) TO '/dev/null';\n\(command)\nCOPY (SELECT * FROM (SELECT 1", "\(command)", "\n\(command)\n",
        "SELECT 1 AS a;\n\(command)", "SELECT 1 AS a /* ;\n\(command)\n*/", "SELECT 'x;\n\(command)\n' AS a",
        "SELECT $$ ;\n\(command)\n$$ AS a", "SELECT E'\\' ;\n\(command)\n' AS a", "SELECT 1 AS a -- ;\n\(command)",
        "SELECT 1 AS \"a;\n\(command)\n\"", "/* /* */ ;\n\(command)\n*/ SELECT 1 AS a",
        "SELECT 1 AS a\r\n;\r\n\(command)\r\n",
        "SELECT 1 AS a;\n.read \(scene.secret)", "SELECT 1 AS a;\n.output \(scene.evidence)\nSELECT 1;",
        "SELECT 1 AS a\0;\n\(command)",
      ]
      for sql in ends {
        _ = try await scene.failure(scene.transform(sql))
        _ = try await scene.failure(scene.macros(sql))
        _ = try await scene.failure(scene.macros("CREATE MACRO m(a) AS a;\n\(sql)"))
        #expect(!scene.wasHarmed(), "\(sql)")
      }
    }
  }

  @Test("names, values, paths and names of steps are never a command either")
  func names() async throws {
    try await withScene { scene in
      let text = "a\";'\n.shell touch \(scene.evidence)\n\r.shell touch \(scene.evidence)\r--"
      var script = scene.script()
      script.add("step;\n.shell touch \(scene.evidence)\n", "SELECT \(SQL.literal(text)) AS value;")
      let output = try await scene.engine.run(script)
      let step = "step;.shell touch \(scene.evidence)"
      #expect(try output.rows(step, as: [String: String].self) == [["value": text]])
      script.add("name", "SELECT 1 AS \(SQL.identifier(text));")
      script.readPaths.append(scene.folder + "/" + text)
      script.readPaths.append("/tmp/\(text)/")
      _ = try await scene.failure(script)
      #expect(!scene.wasHarmed())
    }
  }

  @Test(
    "what every definition may hold is one SELECT: DuckDB's parser counts, and the place of what it refuses is told")
  func statements() async throws {
    try await withScene { scene in
      #expect(try await scene.failure(scene.transform("SELECT 1 AS a, ';' AS b -- ;\n;  ")) == nil)
      try FileManager.default.removeItem(atPath: scene.output)
      #expect(try await scene.failure(scene.transform("SELECT * FROM read_csv('\(scene.input)')")) == nil)
      for sql in [
        "SELECT 1 AS a)) TO '\(scene.output)'; CREATE TABLE t(a int); COPY (SELECT * FROM (SELECT 1 AS a",
        "SELECT 1 AS a; SELECT 2", "CREATE TABLE t(a int)", "COPY (SELECT 1) TO '\(scene.evidence)'", "", "-- nothing",
        "SET memory_limit = '1TB'", "PRAGMA database_list", "INSTALL httpfs", "ATTACH '\(scene.evidence)'",
        "WITH x AS (INSERT INTO y VALUES (1) RETURNING *) SELECT * FROM x",
      ] {
        let failure = try #require(try await scene.failure(scene.transform(sql)), "\(sql)")
        guard case .sql("transform.sql", _, _, _) = failure.error else {
          #expect(Bool(false), "\(sql): \(failure.error)")
          continue
        }
      }
      let failure = try await scene.failure(scene.transform("SELECT 1 AS a,\n  2 AS b FRM x"))
      guard case .sql(_, _, 2, 10) = failure?.error else {
        return #expect(Bool(false), "\(String(describing: failure))")
      }
      #expect(!scene.wasHarmed())
    }
  }

  @Test("a file of macros creates macros: every other statement is refused with its line")
  func macroFiles() async throws {
    try await withScene { scene in
      let good = """
        -- it's; a comment
        CREATE MACRO one(a) AS a || E'\\';' || ';' || $x$;$x$ || "a";
        /* ; /* nested */ ; */ create or replace temp macro two(a) AS TABLE SELECT a;
        CREATE FUNCTION three() AS 3
        """
      #expect(try await scene.failure(scene.macros(good))?.error == nil)
      for sql in ["COPY (SELECT 1) TO '\(scene.output)'", "SET threads = 9", "CREATE TABLE t(a int)", "SELECT 1"] {
        let failure = try await scene.failure(scene.macros("CREATE MACRO m(a) AS a;\n\n\(sql);"))
        guard case .sql("macros/m.sql", _, 3, _) = failure?.error else {
          #expect(Bool(false), "\(sql): \(String(describing: failure))")
          continue
        }
      }
    }
  }

  @Test("files, network, environment, extensions and settings of the host are closed to a query")
  func hosts() async throws {
    try await withScene { scene in
      try FileManager.default.createSymbolicLink(
        atPath: scene.folder + "/out/link", withDestinationPath: scene.secret)
      for query in [
        "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('\(scene.secret)')", "SELECT * FROM read_text('\(scene.folder)/out/link')",
        "SELECT * FROM read_text('\(scene.folder)/out/../in/secret.csv')", "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_blob('/proc/self/environ')", "SELECT * FROM read_text('/proc/self/maps')",
        "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT getenv('PATH') AS a", "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')", "SELECT * FROM 's3://bucket/a.parquet'",
        "SELECT * FROM ST_Read('/etc/passwd')", "SELECT * FROM ST_Read('/vsicurl/http://127.0.0.1:1/a.shp')",
        "SELECT * FROM ST_Read('/vsizip//\(scene.secret)')",
        "SELECT * FROM ST_Read_Meta('/vsisubfile/0_9,\(scene.secret)')",
        "SELECT * FROM read_xlsx('\(scene.secret)')", "SELECT * FROM query('COPY (SELECT 1) TO ''\(scene.evidence)''')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''/etc/passwd'')'))",
      ] {
        var script = scene.transform(query)
        script.extensions = query.contains("ST_") ? [.spatial] : query.contains("xlsx") ? [.excel] : []
        #expect(try await scene.failure(script) != nil, "\(query)")
        #expect(!scene.wasHarmed(), "\(query)")
      }
    }
  }

  @Test("a file of an allowed name that names another file leads nowhere")
  func virtualFiles() async throws {
    try await withScene { scene in
      let vrt =
        "<OGRVRTDataSource><OGRVRTLayer name=\"secret\"><SrcDataSource>\(scene.secret)</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
      try Data(vrt.utf8).write(to: URL(filePath: scene.folder + "/out/areas.shp"))
      var script = scene.script()
      script.readPaths = [scene.folder + "/out/areas.shp"]
      script.needsSpatial = true
      script.add("rows", "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ST_Read('\(scene.folder)/out/areas.shp');")
      let rows = try? await scene.engine.run(script).texts("rows").joined()
      #expect(rows?.contains("secret") != true)
    }
  }

  @Test("without DuckDB's own locks, the kernel refuses the same")
  func kernel() async throws {
    guard try await Confinement.probe().missing.isEmpty else { return }
    try await withScene { scene in
      for sql in [
        ".shell touch \(scene.evidence)", ".output \(scene.evidence)\nSELECT 1;", ".read \(scene.secret)",
        "COPY (SELECT 1) TO '\(scene.evidence)';", "COPY (SELECT 1) TO '\(scene.input)';",
        "SELECT * FROM read_text('\(scene.secret)');", "SELECT * FROM read_text('/proc/\(getpid())/environ');",
        "ATTACH '\(scene.evidence)';",
      ] {
        let result = try await scene.engine.runUnlocked(sql, reading: [scene.input])
        #expect(!result.contains("the secret") && !result.contains("PATH="), "\(sql)")
        #expect(!scene.wasHarmed(), "\(sql)")
      }
      // What was given is there, so that it is not just everything that fails.
      #expect(
        try await scene.engine.runUnlocked("FROM read_csv('\(scene.input)');", reading: [scene.input]).contains("1"))
    }
  }

  @Test("a result without an end stops at its limit, and so does a file")
  func floods() async throws {
    try await withScene { scene in
      var script = scene.script()
      script.add("checks", "SELECT repeat('x', 1000) AS a FROM range(10000000);")
      guard case .tooMuchOutput("checks", _) = try await scene.failure(script)?.error else {
        return #expect(Bool(false), "all of it was read")
      }
      let message = try await scene.failure(scene.transform("SELECT error(repeat('x', 3000000)) AS a"))
      #expect(message?.errorClass == .data)
      let memory = try await scene.failure(scene.transform("SELECT repeat(repeat('x', 1000000), 100000) AS a"))
      #expect(memory != nil)
    }
  }
}
