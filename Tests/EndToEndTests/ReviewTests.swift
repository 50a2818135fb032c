import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// `aker review`: what people decide about rows, and that it stays.
@Suite(.database, .serialized)
struct ReviewTests {
  private struct Waiting: Decodable {
    var row: String
    var confidence: Double
    var shown: [String: String]
    var company: String? { shown["company"] }
  }

  @Test func decisionsAreKeptBesideTheOriginalAndSurviveARefresh() async throws {
    let home = "/tmp/aker-home-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    // DuckDB's extensions are looked for there.
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: home + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
    try await Simulator.running { simulator in
      var environment = [
        "AKER_HOME": home, "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ]
      for source in ["press_feeds", "press_feeds_globenewswire", "census_codes", "census_tiger"] {
        environment["AKER_SOURCE_\(source.uppercased())_ENDPOINT"] = simulator.endpoint + "/" + source
      }
      func aker(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(Executable.aker, arguments, environment: environment)
      }
      let migrated = try await aker("migrate")
      #expect(migrated.exitCode == 0, "\(migrated)")
      let early = try await aker("review", "ls", "expansion_event")
      #expect(early.exitCode == 64 && early.errorOutput.contains("are not reviewed"), "\(early)")
      let first = try await aker("run", "expansion_event", "--year", "2021", "--as-of", "2026-09")
      #expect(first.exitCode == 0, "\(first)")

      // The outlines tell which of several counties it is.
      for arguments in [["boundary_county"], ["boundary_place", "--region", "39"]] {
        let run = try await Program.run(
          Executable.aker, ["run"] + arguments + ["--year", "2021", "--as-of", "2026-09"], environment: environment)
        #expect(run.exitCode == 0, "\(run)")
      }

      func waiting(_ arguments: String...) async throws -> [Waiting] {
        let result = try await Program.run(
          Executable.aker, ["review", "ls", "expansion_event", "--json"] + arguments, environment: environment)
        return try JSONDecoder().decode([Waiting].self, from: Data(result.output.utf8))
      }
      let all = try await waiting("--below", "1")
      #expect(all.compactMap(\.company).sorted() == ["Brightline Logistics", "Nordby Dairy", "Vandt Steel"])
      let low = try await waiting()
      #expect(low.map(\.company) == ["Nordby Dairy"])
      let nordby = try #require(low.first?.row)
      let vandt = try #require(all.first { $0.company == "Vandt Steel" }?.row)

      let connection = try await TestDatabase.current.connect()
      func row(_ sql: String) async throws -> String? {
        try await connection.query("SELECT (\(sql))::text AS answer")[0].decode("answer")
      }
      let nordbySite = """
        SELECT (county_id, county_name, county_from, county_boundary_year, ST_IsValid(geometry)) FROM expansion_event_site
        WHERE event_id = '\(nordby)'
        """
      #expect(try await row(nordbySite) == #"(39049,"Franklin County",boundary,2021,t)"#)

      let correct = try await aker(
        "review", "correct", "expansion_event", String(nordby.prefix(8)), "geo_id=39049", "kind=expansion", "--reason",
        "their notice names Franklin County", "--by", "maria")
      #expect(correct.exitCode == 0, "\(correct)")
      let again = try await aker(
        "review", "correct", "expansion_event", nordby, "jobs=12", "--reason", "by phone", "--by", "li")
      #expect(again.exitCode == 0, "\(again)")
      let reject = try await aker("review", "reject", "expansion_event", vandt, "--reason", "withdrawn")
      #expect(reject.exitCode == 0, "\(reject)")

      let shown = """
        SELECT (as_of, kind, state_code, geo_id, jobs, review, reviewed_by) FROM expansion_event_reviewed
        WHERE event_id = '\(nordby)'
        """
      let original = "SELECT (as_of, kind, geo_id, jobs) FROM expansion_event WHERE event_id = '\(nordby)'"
      let rejected = "SELECT count(*) FROM expansion_event_reviewed WHERE event_id = '\(vandt)'"
      #expect(try await row(shown) == "(2026-09,expansion,39,39049,12,corrected,li)")
      #expect(try await row(original) == "(2026-09,new,,)")
      #expect(try await row(rejected) == "0")
      #expect(try await row(nordbySite) == #"(39049,"Franklin County",review,2021,t)"#)
      #expect(try await waiting().isEmpty)

      let second = try await aker("run", "expansion_event", "--year", "2021", "--as-of", "2026-10")
      #expect(second.exitCode == 0, "\(second)")
      #expect(try await row(shown) == "(2026-10,expansion,39,39049,12,corrected,li)")
      #expect(try await row(original) == "(2026-10,new,,)")
      #expect(try await row(rejected) == "0")

      let accept = try await aker("review", "accept", "expansion_event", vandt, "--reason", "it was not withdrawn")
      #expect(accept.exitCode == 0, "\(accept)")
      #expect(try await row(rejected) == "1")
      let decisions = try await aker("review", "decisions")
      for text in ["maria", "by phone", "reject", "it was not withdrawn"] {
        #expect(decisions.output.contains(text), "\(text) in \(decisions)")
      }

      func refuses(_ text: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation)
        async throws
      {
        let result = try await Program.run(Executable.aker, ["review"] + arguments, environment: environment)
        #expect(result.exitCode == 64, "\(result)", sourceLocation: sourceLocation)
        #expect(result.errorOutput.contains(text), "\(result)", sourceLocation: sourceLocation)
      }
      let event = "expansion_event"
      try await refuses("has no row 0000", ["accept", event, "0000", "--reason", "x"])
      try await refuses("names no row", ["accept", event, "0", "--reason", "x"])
      try await refuses("needs a reason", ["accept", event, vandt, "--reason", " "])
      try await refuses("'3904' is no geo_id", ["correct", event, vandt, "geo_id=3904", "--reason", "x"])
      try await refuses("kind is one of: closure", ["correct", event, vandt, "kind=other", "--reason", "x"])
      try await refuses("'title' cannot be corrected", ["correct", event, vandt, "title=x", "--reason", "x"])
      try await refuses("says what is right", ["correct", event, vandt, "--reason", "x"])
      try await refuses("is not column=value", ["correct", event, vandt, "jobs", "--reason", "x"])
      try await refuses("are not reviewed", ["accept", "boundary_county", vandt, "--reason", "x"])
      #expect(try await row("SELECT count(*) FROM review.decision") == "4")
      await connection.close()
    }
  }
}
