import Catalog
import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Definitions and documents made to harm, given to the real programs.
@Suite("A hostile world", .database)
struct HostileWorldTests {
  private static let secret = "planted-s3cret"

  private static let datasetYAML = """
    name: hostile
    title: Hostile
    description: A dataset of a test.
    owner: tests
    partitions: {years: 2000-}
    macros: [shared]
    requests:
      - {name: rows, source: drop, path: /rows.csv, format: csv, columns: [a, b]}
    columns:
      - {name: a, type: text, description: A.}
      - {name: b, type: text, description: B.}
    key: [a]
    checks:
      - {expect_column_values_to_match_regex: {column: a, regex: ".*"}}
    """
  private static let transform = "SELECT a, b FROM raw.rows"
  private static let macros = "CREATE MACRO same(a) AS a;"

  private func withWorkshop(
    _ document: String = "a,b\n1,2\n", _ body: (Workshop, PostgresConnection, _ evidence: String) async throws -> Void
  ) async throws {
    try await Workshop.open { workshop, connection in
      let files = FileManager.default
      try files.createDirectory(atPath: workshop.directory + "/drop", withIntermediateDirectories: true)
      try files.createDirectory(atPath: workshop.catalog + "/macros", withIntermediateDirectories: true)
      try Data(document.utf8).write(to: URL(filePath: workshop.directory + "/drop/rows.csv"))
      try Data(Self.macros.utf8).write(to: URL(filePath: workshop.catalog + "/macros/shared.sql"))
      try Data("sources:\n  - {id: drop, name: Drop, endpoint: \"file://\(workshop.directory)/drop\"}\n".utf8)
        .write(to: URL(filePath: workshop.catalog + "/sources_supplement.yml"))
      symlink("/etc/passwd", workshop.directory + "/evidence.link")
      symlink("/proc/self/environ", workshop.directory + "/evidence.proc")
      try workshop.define("hostile", Self.datasetYAML, Self.transform)
      try await workshop.apply(connection)
      try await body(workshop, connection, workshop.directory + "/evidence")
    }
  }

  private func aker(_ workshop: Workshop, _ arguments: String...) async throws -> Program.Result {
    try await Program.run(
      Executable.aker, arguments,
      environment: try await workshop.workerEnvironment(["AKER_TEST_KEY": Self.secret]))
  }

  private static func attacks(_ evidence: String) -> [String] {
    let command = ".shell sh -c \"env > \(evidence)\""
    return [
      "SELECT a, b FROM raw.rows)) TO '/dev/null';\n\(command)\nCOPY (SELECT * FROM (SELECT a, b FROM raw.rows",
      "SELECT a, b FROM raw.rows;\n\(command)", "\(command)\nSELECT a, b FROM raw.rows",
      "SELECT a, b FROM raw.rows)\n;\n\(command)\n",
      "SELECT content AS a, filename AS b FROM read_text('/proc/self/environ')",
      "SELECT content AS a, filename AS b FROM read_text('/etc/passwd')",
      "COPY (SELECT 1) TO '\(evidence)'", "SELECT getenv('AKER_POSTGIS_DSN') AS a, getenv('AKER_TEST_KEY') AS b",
      "ATTACH '\(evidence)' AS other", "SELECT * FROM glob('/etc/*') g(a), (SELECT 1 AS b)",
      "SELECT 1 AS a, 2 AS b; INSTALL httpfs; LOAD httpfs",
      "SELECT a, b FROM read_csv('http://127.0.0.1:9/x.csv') x(a, b)",
      "SELECT a, b FROM read_csv('/dev/stdin') x(a, b)",
      "SELECT content AS a, filename AS b FROM read_text('\(evidence).link')",
      // Links of /proc, and a link to one.
      "SELECT content AS a, filename AS b FROM read_text('\(evidence).proc')",
      "SELECT content AS a, filename AS b FROM read_text('/proc/self/root/etc/passwd')",
      "SELECT content AS a, filename AS b FROM read_text('/proc/self/cwd/evidence.proc')",
      "SELECT CAST(content AS VARCHAR) AS a, filename AS b FROM read_blob('/proc/\(getpid())/environ')",
      "SELECT content AS a, filename AS b FROM read_text('/proc/self/task/../../1/environ')",
      "SELECT file AS a, 'b' AS b FROM glob('/proc/self/fd/*')",
      // Processes.
      "SELECT a, b FROM raw.rows;\n.system touch \(evidence)",
      "SELECT a, b FROM raw.rows;\n.once |touch \(evidence)\nSELECT 1",
      "SELECT edit('x', 'touch \(evidence); cat') AS a, 'b' AS b",
      "SELECT writefile('\(evidence)', 'x') AS a, 'b' AS b",
      "SELECT * FROM read_csv('touch \(evidence) |') x(a, b)",
      "SELECT a, b FROM raw.rows;\nINSTALL shellfs FROM community;\nLOAD shellfs",
    ] + floods
  }

  /// More than anybody could keep: of a message, of the rows that a check shows, of memory.
  private static let floods = [
    "SELECT error(repeat('x', 3000000)) AS a, 'b' AS b",
    "SELECT repeat('x', 4000000) AS a, CAST(range AS VARCHAR) AS b FROM range(20)",
  ]

  @Test("a dry run of a hostile transform fails, and leaves and tells nothing")
  func dryRun() async throws {
    try await withWorkshop { workshop, _, evidence in
      let good = try await aker(workshop, "run", "hostile", "--year", "2020", "--dry-run")
      #expect(good.exitCode == 0, "\(good)")
      for sql in Self.attacks(evidence) {
        try workshop.define("hostile", Self.datasetYAML, sql)
        let result = try await aker(workshop, "run", "hostile", "--year", "2020", "--dry-run")
        #expect(result.exitCode != 0 && result.exitCode != nil && result.exitCode != 70, "\(sql): \(result)")
        #expect(!FileManager.default.fileExists(atPath: evidence), "\(sql)")
        #expect(!(result.output + result.errorOutput).contains(Self.secret), "\(sql)")
        #expect(!(result.output + result.errorOutput).contains("root:x:0"), "\(sql)")
        #expect(result.output.utf8.count + result.errorOutput.utf8.count < 100_000, "\(sql)")
      }
    }
  }

  @Test("aker catalog check refuses the same in transforms and in macros, with the place")
  func check() async throws {
    try await withWorkshop { workshop, _, evidence in
      #expect(try await aker(workshop, "catalog", "check").exitCode == 0)
      // What is wrong only once it runs passes here, and is refused there.
      let attacks = Self.attacks(evidence).filter { !Self.floods.contains($0) }
      for (index, sql) in attacks.enumerated() {
        try workshop.define(
          "hostile_\(index)", Self.datasetYAML.replacing("name: hostile", with: "name: hostile_\(index)"), sql)
        try Data("\(Self.macros)\n\(sql)".utf8).write(to: URL(filePath: workshop.catalog + "/macros/m_\(index).sql"))
        try workshop.define(
          "macros_\(index)",
          Self.datasetYAML.replacing("name: hostile", with: "name: macros_\(index)")
            .replacing("macros: [shared]", with: "macros: [m_\(index)]"), Self.transform)
      }
      let check = try await aker(workshop, "catalog", "check")
      let told = check.output + check.errorOutput
      #expect(check.exitCode == 65, "\(check)")
      for (index, sql) in attacks.enumerated() {
        #expect(told.contains("hostile_\(index)/transform.sql:"), "\(sql): \(told)")
        #expect(told.contains("m_\(index).sql:2"), "\(sql): \(told)")
      }
      #expect(!FileManager.default.fileExists(atPath: evidence))
      #expect(!told.contains(Self.secret) && !told.contains("root:x:0"), "\(told)")
    }
  }

  @Test("a definition that somebody wrote by SQL alone reaches nothing on the worker's host")
  func worker() async throws {
    try await withWorkshop { workshop, connection, evidence in
      try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
      for (index, sql) in Self.attacks(evidence).enumerated() {
        try await connection.execute(
          """
          SELECT catalog.apply_dataset(to_jsonb(d) || to_jsonb(f) || jsonb_build_object(
            'transform_sql', $1::text, 'definition_hash', $2::text,
            'columns', (SELECT jsonb_agg(to_jsonb(c)) FROM catalog.dataset_column c WHERE c.dataset = d.name)))
          FROM catalog.dataset d JOIN catalog.definition f USING (definition_hash) WHERE d.name = 'hostile'
          """, [sql, String(repeating: "0", count: 62) + "\(10 + index)"])
        try await workshop.enqueue("hostile", (2010 + index)...(2010 + index), asOf: "2024-06", connection)
      }
      let result = try await workshop.work(["AKER_TEST_KEY": Self.secret])
      #expect(result.exitCode == 0, "\(result)")
      let tasks = try await connection.query(
        "SELECT state, coalesce(error_class, '') AS error_class FROM queue.task ORDER BY data_year")
      #expect(tasks.count == Self.attacks(evidence).count)
      for task in tasks { #expect(try task.decode("state") == "failed" && task.decode("error_class") == "data") }
      #expect(!FileManager.default.fileExists(atPath: evidence))
      let told = try await connection.query("SELECT schema_to_xml('queue', true, false, '')::text AS t")
      #expect(try !told[0].decode("t", as: String.self).contains(Self.secret))
    }
  }

  /// Rows without end, and what takes memory in one value.
  private static let endless = [
    (
      "SELECT CAST(x.range * 7919 AS VARCHAR) AS a, 'b' AS b FROM range(10000000000) x, range(10000000000) y",
      "AKER_TASK_DISK"
    ),
    ("SELECT r.a, r.b FROM raw.rows r, range(10000000000) x, range(10000000000) y", "AKER_TASK_DISK"),
    ("SELECT repeat('x', 30000000) AS a, repeat('y', 30000000) AS b", "too long for column 'a'"),
  ]
  private static let small = ["AKER_TASK_DISK": "64MiB", "AKER_HOST_MEMORY": "512MiB"]

  @Test("a result without end fails by what a task may write, on a dry run and on a worker, whose other tasks go on")
  func resultsWithoutEnd() async throws {
    try await withWorkshop { workshop, connection, _ in
      var workshop = workshop
      workshop.environment = Self.small
      for (index, (sql, said)) in Self.endless.enumerated() {
        let name = "endless_\(index)"
        try workshop.define(name, Self.datasetYAML.replacing("name: hostile", with: "name: \(name)"), sql)
        let result = try await aker(workshop, "run", name, "--year", "2020", "--dry-run")
        #expect(result.exitCode == 65 && result.errorOutput.contains(said), "\(result)")
        #expect(result.errorOutput.utf8.count < 10_000, "\(result)")
      }
      // To look at definitions runs none of them.
      let check = try await aker(workshop, "catalog", "check")
      #expect(check.exitCode == 0, "\(check)")
      try await workshop.apply(connection)
      for index in Self.endless.indices {
        try await workshop.enqueue("endless_\(index)", 2020...2020, asOf: "2024-06", connection)
      }
      try await workshop.enqueue("hostile", 2018...2020, asOf: "2024-06", connection)
      let worked = try await workshop.work(slots: 2)
      #expect(worked.exitCode == 0, "\(worked)")
      let tasks = try await connection.query(
        "SELECT dataset, state::text, coalesce(error_class, '') AS error_class FROM queue.task")
      for task in tasks {
        let isHostile = try task.decode("dataset", as: String.self) == "hostile"
        #expect(try task.decode("state") == (isHostile ? "completed" : "failed"), "\(task)")
        #expect(try task.decode("error_class") == (isHostile ? "" : "data"), "\(task)")
      }
      #expect(tasks.count == Self.endless.count + 3)
      // Each was tried once, the host was never taken for sick, and nothing of it is left.
      let attempts = try await connection.query("SELECT FROM queue.attempt")
      #expect(attempts.count == tasks.count)
      #expect(try await connection.query("SELECT FROM queue.event WHERE kind = 'host_unwell'").isEmpty)
      let paths = try await connection.query("SELECT path FROM lake.manifest").map {
        try $0.decode("path", as: String.self)
      }
      #expect(paths.count == 3 && paths.allSatisfy { $0.hasPrefix("hostile/") }, "\(paths)")
      try await workshop.requireNothingElse(than: paths, connection)
    }
  }

  /// What DuckDB reckons while it only looks at a statement.
  private static let reckonedEarly = [
    ("SELECT CAST(range AS VARCHAR) AS a, 'b' AS b FROM range(length(repeat('x', 4000000000)))", "more memory than"),
    (
      "SELECT CAST(range AS VARCHAR) AS a, 'b' AS b FROM range(levenshtein(repeat('x', 1000000), repeat('y', 1000000)))",
      "more than 10 s of a processor's time"
    ),
    (
      "SELECT a, b FROM query('SELECT a, b FROM raw.rows WHERE ' || repeat('1=1 AND ', 30000000) || 'true')",
      "more memory"
    ),
    ("SELECT a, b FROM raw.rows WHERE a IN ('\(String(repeating: "x", count: 3_000_000))')", "may have 120 KiB"),
  ]

  @Test("what is reckoned while a definition is only looked at is ended soon, and told of its own dataset")
  func reckonedEarly() async throws {
    try await withWorkshop { workshop, _, _ in
      for (index, (sql, _)) in Self.reckonedEarly.enumerated() {
        try workshop.define(
          "early_\(index)", Self.datasetYAML.replacing("name: hostile", with: "name: early_\(index)"), sql)
      }
      let check = try await aker(workshop, "catalog", "check")
      let told = (check.output + check.errorOutput).split(separator: "\n")
      #expect(check.exitCode == 65, "\(check)")
      for (index, (sql, said)) in Self.reckonedEarly.enumerated() {
        #expect(told.contains { $0.contains("early_\(index)/") && $0.contains(said) }, "\(sql.prefix(200)): \(check)")
      }
      #expect(!told.contains { $0.contains("/hostile/") }, "\(check)")
    }
  }

  @Test("documents that unfold a thousand times fail their own task, soon and on little disk, with what was too much")
  func foldedBombs() async throws {
    try await withWorkshop { workshop, connection, _ in
      try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
      let rows = workshop.directory + "/drop/rows.csv"
      // 200 MB of rows that are all alike, in 200 kB.
      let made = try await Program.run(
        "sh", ["-c", "{ echo a,b; yes 1,2 | head -c 200000000; } | gzip >\(rows).gz && mv \(rows).gz \(rows)"])
      #expect(made.exitCode == 0, "\(made)")
      let result = try await aker(workshop, "run", "hostile", "--year", "2020", "--as-of", "2024-06")
      #expect(result.exitCode != 0 && result.exitCode != nil && result.exitCode != 70, "\(result)")
      #expect((result.output + result.errorOutput).contains("is larger than"), "\(result)")
      let task = try #require(try await connection.query("SELECT state, error_class, reason FROM queue.task").first)
      #expect(try task.decode("state") == "failed" && task.decode("error_class") == "data", "\(task)")
    }
  }

  @Test("aker catalog check refuses files of YAML whose aliases multiply, of whatever they tell, with the file")
  func aliasBombs() async throws {
    try await withWorkshop { workshop, _, _ in
      var bomb = "x0: &x0 [x, x, x, x, x, x, x, x, x]\n"
      for level in 1...12 {
        bomb += "x\(level): &x\(level) [\(Array(repeating: "*x\(level - 1)", count: 9).joined(separator: ", "))]\n"
      }
      for file in ["datasets/hostile/dataset.yml", "sources_supplement.yml", "flows.yml"] {
        let path = workshop.catalog + "/" + file
        let before = FileManager.default.contents(atPath: path)
        try Data(((before.map { String(decoding: $0, as: UTF8.self) } ?? "") + "\n" + bomb).utf8).write(
          to: URL(filePath: path))
        let check = try await aker(workshop, "catalog", "check")
        #expect(check.exitCode == 65 && (check.output + check.errorOutput).contains("more than 100000"), "\(check)")
        #expect((check.output + check.errorOutput).contains(file.split(separator: "/").last ?? ""), "\(check)")
        if let before { try before.write(to: URL(filePath: path)) } else { unlink(path) }
      }
    }
  }

  @Test("NUL, ESC and line breaks in a source's header fail its own task, with a reason that can be read")
  func header() async throws {
    try await withWorkshop("a\0b,\u{1B}[31mevil\u{202E},\"two\nlines\"\n1,2,3\n") { workshop, connection, _ in
      try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
      try await workshop.enqueue("hostile", 2020...2020, asOf: "2024-06", connection)
      let result = try await workshop.work()
      #expect(result.exitCode == 0, "\(result)")
      #expect(!result.errorOutput.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\0" || $0 == "\u{202E}" })
      let task = try #require(
        try await connection.query("SELECT task_id, state, error_class, reason FROM queue.task").first)
      #expect(try task.decode("state") == "failed" && task.decode("error_class") == "data", "\(task)")
      let reason: String = try task.decode("reason")
      #expect(!reason.isEmpty && !reason.unicodeScalars.contains { $0.value < 0x20 }, "\(reason)")
      let story = try await aker(workshop, "task", "\(try task.decode("task_id", as: Int64.self))")
      #expect(
        story.exitCode == 0 && !story.output.contains("\u{1B}[31mevil") && !story.output.contains("\u{202E}"),
        "\(story)")
      // The worker is well, and does what comes next.
      try Data("a,b\n1,2\n".utf8).write(to: URL(filePath: workshop.directory + "/drop/rows.csv"))
      try await workshop.enqueue("hostile", 2021...2021, asOf: "2024-06", connection)
      _ = try await workshop.work()
      #expect(try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 1)
    }
  }
}
