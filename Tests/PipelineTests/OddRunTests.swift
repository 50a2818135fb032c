import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Odd inputs through the program that operators run: what a dry run tells, a publication does.
@Suite("Odd inputs through aker run", .database)
struct OddRunTests {
  /// One of each kind of fault, by name (`OddInputTests`): all of them take minutes.
  private static let names: Set<String> = [
    "paragraphs", "two titles that differ", "Latin-1 that is Windows'", "texts with their reading",
    "a cell beyond the header",
    "rows with nothing in them", "a first sheet that is hidden", "a geometry that is a list",
    "a hole that is not closed",
    "a document where lines were due", "dates", "a number with a comma", "an index in another order", "two shapefiles",
    "one that nobody knows", "the header again with spaces about its names",
    "a name in capitals, once, of lines of features",
    "null in the place of a record: lines of features",
  ]

  @Test func aDryRunTellsWhatAPublicationDoes() async throws {
    let all =
      OddInputTests.tables + OddInputTests.feeds + OddInputTests.workbooks + OddInputTests.features
      + OddInputTests.shapefiles + OddInputTests.names + OddInputTests.places
    let inputs = all.filter { Self.names.contains($0.testDescription) }
    try #require(inputs.count == Self.names.count)
    let home = "/tmp/aker-odd-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    for (index, input) in inputs.enumerated() { try Self.define("d\(index)", input, home) }
    // DuckDB's extensions.
    try FileManager.default.createSymbolicLink(
      atPath: home + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
    try Data("sources:\n  - {id: files, name: Files, endpoint: \"file://\(home)\"}\n".utf8)
      .write(to: URL(filePath: home + "/catalog/sources.yml"))
    let environment = [
      "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog", "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
      "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
    ]
    let connection = try await TestDatabase.current.connect()
    for (index, input) in inputs.enumerated() {
      for arguments in [["--dry-run"], []] {
        let result = try await Program.run(
          Executable.aker, ["run", "d\(index)", "--year", "2021"] + arguments, environment: environment)
        let told = (result.output + result.errorOutput).replacing("\n", with: " ")
        switch input.right {
        case .rows(let due):
          #expect(result.exitCode == 0, "\(input.testDescription): \(told)")
          if !arguments.isEmpty { continue }
          let rows = try await connection.query(
            "SELECT coalesce(a, '') || '|' || coalesce(b, '') AS cells FROM d\(index)")
          #expect(try rows.map { try $0.decode("cells", as: String.self) }.sorted() == due.sorted())
        case .refused(let parts):
          #expect(result.exitCode == 65, "\(input.testDescription): \(told)")
          for part in parts + ["\(home)/d\(index).bin"] { #expect(told.contains(part), "\(part) in \(told)") }
        }
      }
    }
    await connection.close()
  }

  @Test("a text whose end neither its server nor its last line says is published where its definition says so")
  func noFinalNewline() async throws {
    let answer = Array("HTTP/1.0 200 OK\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\n3,4".utf8)
    try await RawServer.running({ _, _ in answer }) { server in
      let home = "/tmp/aker-odd-\(UUID().uuidString.prefix(8))"
      defer { try? FileManager.default.removeItem(atPath: home) }
      for (name, option) in [("plain", ""), ("declared", ", final_newline: false")] {
        try Self.define(
          name, OddInputTests.Input(name, "format: csv, columns: [a, b]\(option)", "", .rows([])), home)
      }
      let source =
        "{id: files, name: Files, endpoint: \"http://127.0.0.1:\(server.port)\", allow_private_address: true, retry: {max_tries: 1}}"
      try Data("sources:\n  - \(source)\n".utf8).write(to: URL(filePath: home + "/catalog/sources.yml"))
      try FileManager.default.createSymbolicLink(
        atPath: home + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
      let environment = [
        "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog", "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ]
      let refused = try await Program.run(
        Executable.aker, ["run", "plain", "--year", "2021"], environment: environment)
      let told = (refused.output + refused.errorOutput).replacing("\n", with: " ")
      #expect(refused.exitCode == 75 && told.contains("`final_newline: false`"), "\(told)")
      let published = try await Program.run(
        Executable.aker, ["run", "declared", "--year", "2021"], environment: environment)
      #expect(published.exitCode == 0, "\(published)")
      let connection = try await TestDatabase.current.connect()
      let rows = try await connection.query("SELECT string_agg(a || '|' || b, ' ' ORDER BY a) AS t FROM declared")
      #expect(try rows[0].decode("t", as: String?.self) == "1|2 3|4")
      await connection.close()
    }
  }

  private static func define(_ name: String, _ input: OddInputTests.Input, _ home: String) throws {
    let folder = home + "/catalog/datasets/" + name
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(input.document).write(to: URL(filePath: "\(home)/\(name).bin"))
    for (file, text) in [
      ("transform.sql", "SELECT row_number() OVER () AS n, a, b FROM raw.rows"),
      (
        "dataset.yml",
        """
        name: \(name)
        title: \(name)
        partitions: {years: 2021-}
        requests:
          - {name: rows, source: files, path: /\(name).bin, \(input.fields)}
        columns:
          - {name: n, type: bigint, unit: rows, description: N.}
          - {name: a, type: text, description: A.}
          - {name: b, type: text, description: B.}
        key: [n]
        """
      ),
    ] { try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(file)")) }
  }

  @Test("a text that lost letters before it came is published, with a warning that says where")
  func lostLetters() async throws {
    let home = "/tmp/aker-odd-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let input = OddInputTests.Input(
      "lost letters", "format: csv, columns: [a, b]", "a,b\n1,Dana\n2,Do\u{FFFD}a Ana\n",
      .rows(["1|Dana", "2|Do\u{FFFD}a Ana"]))
    try Self.define("lost", input, home)
    try Data("sources:\n  - {id: files, name: Files, endpoint: \"file://\(home)\"}\n".utf8)
      .write(to: URL(filePath: home + "/catalog/sources.yml"))
    let result = try await Program.run(
      Executable.aker, ["run", "lost", "--year", "2021"],
      environment: [
        "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog", "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ])
    let told = (result.output + result.errorOutput).replacing("\n", with: " ")
    #expect(result.exitCode == 0, "\(told)")
    for part in ["1 of 2 values has U+FFFD", "line 3, column b of", "/lost.bin"] {
      #expect(told.contains(part), "\(part) in \(told)")
    }
    let connection = try await TestDatabase.current.connect()
    let rows = try await connection.query("SELECT b FROM lost WHERE a = '2'")
    #expect(try rows.map { try $0.decode("b", as: String.self) } == ["Do\u{FFFD}a Ana"])
    let warned = try await connection.query("SELECT count(*)::int AS n FROM quality.warning WHERE dataset = 'lost'")
    #expect(try warned[0].decode("n", as: Int.self) == 1)
    await connection.close()
  }

  @Test("what a selection of rows refuses is named by document, line and column")
  func selectionOfRows() async throws {
    let home = "/tmp/aker-odd-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let folder = home + "/catalog/datasets/picked"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (file, text) in [
      ("/catalog/sources.yml", "sources:\n  - {id: files, name: Files, endpoint: \"file://\(home)\"}\n"),
      ("/list.csv", "a,b\n1,7\n2,x9\n"),
      ("/catalog/datasets/picked/pick.sql", "SELECT CAST(b AS INTEGER) AS number FROM raw.list"),
      ("/catalog/datasets/picked/transform.sql", "SELECT number AS a, line AS b FROM raw.single"),
      (
        "/catalog/datasets/picked/dataset.yml",
        """
        name: picked
        title: Picked
        partitions: {years: 2021-}
        requests:
          - {name: list, source: files, path: /list.csv, format: csv, columns: [a, b]}
          - {name: single, source: files, path: "/{number}.txt", rows: pick.sql, format: lines, columns: [line]}
        columns:
          - {name: a, type: text, description: A.}
          - {name: b, type: text, description: B.}
        key: [a]
        """
      ),
    ] { try Data(text.utf8).write(to: URL(filePath: home + file)) }
    let result = try await Program.run(
      Executable.aker, ["run", "picked", "--year", "2021", "--dry-run"],
      environment: [
        "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog",
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ])
    let told = (result.output + result.errorOutput).replacing("\n", with: " ")
    #expect(result.exitCode == 65, "\(told)")
    #expect(told.contains("'x9' is no whole number: line 3, column b of file://\(home)/list.csv"), "\(told)")
  }
}
