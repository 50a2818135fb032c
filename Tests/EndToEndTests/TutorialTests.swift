import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// docs/datasets.md, to the letter.
@Suite("The tutorial", .database)
struct TutorialTests {
  private static let text = String(
    decoding: FileManager.default.contents(atPath: PackageRoot.path + "/docs/datasets.md") ?? Data(), as: UTF8.self)

  /// The indented lines of the section.
  private static func commands(of heading: String) -> [String] {
    guard let start = text.firstRange(of: "## " + heading) else { return [] }
    let section = text[start.upperBound...]
    let end = section.firstRange(of: "\n## ")?.lowerBound ?? section.endIndex
    return section[..<end].split(separator: "\n").filter { $0.hasPrefix("    ") }.map { String($0.dropFirst(4)) }
  }

  @Test("each command of 'a new dataset, step by step' does what it says, in an empty project")
  func stepByStep() async throws {
    let commands = Self.commands(of: "A new dataset, step by step")
    #expect(commands.count >= 5)
    let project = "/tmp/aker-tutorial-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: project) }
    try FileManager.default.createDirectory(atPath: project + "/catalog/datasets", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: PackageRoot.catalog + "/sources.yml", toPath: project + "/catalog/sources.yml")
    try await Simulator.running { simulator in
      let environment = [
        "AKER_POSTGIS_DSN": TestDatabase.current.dsn, "AKER_HOME": project + "/.aker",
        "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
        "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5",
      ]
      for command in commands {
        let words = command.split(separator: " ").map(String.init)
        #expect(words.first == "aker", "\(command)")
        let result = try await Program.run(
          Executable.aker, Array(words.dropFirst()), environment: environment, directory: project)
        #expect(result.exitCode == 0, "\(command)\n\(result)")
      }
      let connection = try await TestDatabase.current.connect()
      let rows = try await connection.query(
        "SELECT data_year, count(*) AS n, sum(population) AS persons FROM state_population GROUP BY 1 ORDER BY 1")
      #expect(try rows.map { try $0.decode("data_year", as: Int.self) } == [2009, 2010, 2011, 2012])
      for row in rows {
        let recorded = try RecordedIncome().totals(try row.decode("data_year"), "state")
        #expect(try row.decode("n", as: Int.self) == recorded.rowCount)
        if let population = recorded.population {
          #expect(try row.decode("persons", as: Int.self) == population)
        }
      }
      await connection.close()
    }
  }
}
