import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Files as the world sends them (`cases` of the shared data), through `aker run --dry-run` as an operator would: what is right, or a
/// refusal that names what is wrong and where.
@Suite(.enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
struct GivenCasesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var folder: String
    var run: [String]
    var exitCode: Int32
    /// In the output, or in the error; all of them.
    var says: [String]

    init(_ folder: String, _ run: String, _ exitCode: Int32 = 65, says: [String]) {
      self.folder = folder
      self.run = run.split(separator: " ").map(String.init)
      self.exitCode = exitCode
      self.says = says
    }

    var testDescription: String { "\(folder) \(run.joined(separator: " "))" }
  }

  private static let zillow = "County_zori_uc_sfrcondomfr_sm_month.csv cannot be read"
  static let all: [Case] = [
    Case("01-csv-hash", "unit_list --year 2021", 0, says: ["8 rows", "#103"]),
    Case("01-csv-hash", "note_list --year 2021", says: ["notes_2021.csv", "line 2", "comment: \"#\""]),
    Case("01c-csv-hash-comment", "geocode_cache --year 2021", says: ["addresses_2021.csv", "line 10"]),
    Case(
      "02-csv-numbers", "market_jobs --year 2021 --region 39041",
      says: ["'88,890' is no whole number: line 2, column annual_avg_emplvl", "39041.csv"]),
    Case("02-csv-numbers", "market_jobs --year 2021 --region 39159", says: ["39159.csv", "3.92E+04"]),
    Case("02-csv-numbers", "market_jobs --year 2021 --region 39049", says: ["'.6' is no whole number: line 2, column"]),
    Case("02-csv-numbers", "market_jobs --year 2021 --region 39117", says: ["'NaN' is no number: line 2, column lq_"]),
    Case(
      "02-csv-numbers", "market_tracker --year 2021", says: ["'NaN' is no number: line 3, column median_list_price"]),
    Case("02-csv-numbers", "membership_revenue --year 2021", says: ["'NaN' is no number: line 2, column value"]),
    Case("03a-latin1", "rent_index --year 2021", says: [zillow, "line 3", "0xF1", "encoding: iso-8859-1"]),
    Case("03c-mixed-line-ends", "rent_index --year 2021", 0, says: ["156 rows"]),
    Case("03d-nul", "rent_index --year 2021", says: [zillow, "line 3", "U+0000"]),
    Case("03e-ragged", "rent_index --year 2021", says: [zillow, "line 5 has 54 columns", "the header has 57"]),
    Case("03g-stray-quote", "rent_index --year 2021", says: [zillow, "line 3", "'RegionName'", "quoting: false"]),
    Case("05a-empty-polygon", "boundary_state --year 2018", says: ["(geometry): 1 of 6 values", "\"geo_id\":\"11\""]),
    Case("05c-z-coordinates", "boundary_state --year 2018", 0, says: ["1 shape had a third coordinate", "6 rows"]),
    Case("06e1-dbf-no-encoding", "place_names --year 2021", says: ["record 1, column NAME", "encoding: iso-8859-1"]),
    Case("06e4-dbf-cpg-1252", "place_names --year 2021", 0, says: ["Doña Ana"]),
    Case("08a-two-digit-year", "expansion_event --year 2021", 0, says: ["Brandt Valve", "2021-06-10"]),
    Case("08b-dtd-entities", "feed_items --year 2021", 0, says: ["Café Brûlerie to build £40 million plant"]),
    Case("09b-gzip-padded", "commute_flows --year 2021 --region dc", 0, says: ["10 rows", "169"]),
    Case(
      "09j-gzip-cut-at-line", "commute_flows --year 2021 --region dc", 75,
      says: ["dc_od_main_JT00_2021.csv.gz is damaged"]),
    Case("09n-gzip-crc-wrong", "commute_flows --year 2021 --region dc", 75, says: ["is damaged", "CRC"]),
    Case("09e-zip-same-name", "address_point --year 2025", says: ["us/oh/franklin.csv' twice"]),
    Case("09e-zip-same-name", "address_point_reject --year 2025", says: ["us/oh/franklin.csv' twice"]),
    Case(
      "12-workbook", "hazard_wildfire --year 2025",
      says: ["'12.5%' is no number: row 1, column BUILDINGS_FRACTION_ME of", "wrc_download_202505.xlsx"]),
    Case("13-none-found", "geocode_cache --year 2021", 0, says: ["2 rows", "no_match"]),
  ]

  @Test(arguments: all)
  func isRightOrRefusedByName(_ given: Case) async throws {
    try await GivenCase.laid(given.folder) { home in
      let result = try await Program.run(
        Executable.aker, ["run"] + given.run + ["--dry-run"], environment: home.environment, directory: home.path)
      #expect(result.exitCode == given.exitCode, "\(result)")
      let text = (result.output + result.errorOutput).replacing("\n", with: " ")
      for part in given.says { #expect(text.contains(part), "\(part) in \(text)") }
    }
  }

  @Test(.database) func aShapefileInMetresIsReprojected() async throws {
    try await GivenCase.laid("06a-shapefile-projected", dsn: TestDatabase.current.dsn) { home in
      for dataset in ["boundary_county", "hazard_smoke"] {
        let made = try await home.aker("run", dataset, "--year", "2018")
        #expect(made.exitCode == 0, "\(made)")
      }
      let connection = try await TestDatabase.current.connect()
      let rows = try await connection.query(
        "SELECT (smoke_days, heavy_days)::text AS found FROM hazard_smoke WHERE geo_id = '39049'")
      #expect(try rows.map { try $0.decode("found", as: String.self) } == ["(2,1)"])
      await connection.close()
    }
  }

  /// What each mode of the cases' server comes to, and what is told of it.
  static let answers: [String: (exitCode: Int32, says: [String])] = [
    "partial": (75, ["answered 206 (a part that nobody asked for)"]),
    "partial-bare": (75, ["answered 206 (a part that nobody asked for)"]),
    "short-part": (75, ["ended early", "sent another range than was asked for"]),
    "other-version": (75, ["ended early", "its ETag was \"v1\", and is \"v2\""]),
    "other-version-weak": (75, ["ended early", "its ETag was W/\"v1\", and is W/\"v2\""]),
    "lying-length": (75, ["ended early"]),
    "past": (75, ["answered 429"]), "past-always": (75, ["answered 429"]), "retry-float": (75, ["answered 429"]),
    "chunk-cut": (75, ["ended early"]), "no-content": (75, ["answered an empty body"]),
    "accepted": (0, []), "empty-then-whole": (0, []), "deflate-raw": (0, []), "whole": (0, []),
  ]

  /// A document of a source that answers oddly is whole, or none; and nothing else is kept.
  @Test(arguments: answers.keys.sorted())
  func anAnswerIsTheWholeDocumentOrNone(_ mode: String) async throws {
    let expected = try #require(Self.answers[mode])
    let script = try #require(SharedData.directory) + "/cases/10-http/server.py"
    let document = PackageRoot.recordings + "/bls_qcew/cew/data/api/2021/a/area/39041.csv"
    try await OperatorHome.with { home in
      var home = home
      let port = home.path + "/port"
      let server = try await Program.start("python3", [script, mode, document, port])
      try await eventually("the server listens") { FileManager.default.fileExists(atPath: port) }
      home.environment["AKER_SOURCE_BLS_QCEW_ENDPOINT"] = "http://127.0.0.1:" + (try home.text("port"))
      let run = ["run", "market_jobs", "--year", "2021", "--region", "39041", "--dry-run", "--json"]
      let result = try await Program.run(
        Executable.aker, run, environment: home.environment, directory: PackageRoot.path)
      server.send(SIGKILL)
      _ = try await server.wait()
      #expect(result.exitCode == expected.exitCode, "\(result)")
      for part in expected.says { #expect(result.errorOutput.contains(part), "\(part) in \(result)") }
      // What was kept, if anything, is the document.
      let kept = try FileManager.default.subpathsOfDirectory(atPath: home.path).filter {
        $0.contains("/objects/") && $0.count > 60
      }
      let whole = FileManager.default.contents(atPath: document)
      #expect(kept.count == (expected.exitCode == 0 ? 1 : 0), "\(kept)")
      for path in kept { #expect(FileManager.default.contents(atPath: home.path + "/" + path) == whole) }
      // A pause that is asked for oddly is one, and nobody asks again meanwhile.
      if expected.says == ["answered 429"] {
        #expect(try home.text("port.log").split(separator: "\n").count == 1)
      }
    }
  }

  @Test func everyModeOfTheServerIsTried() throws {
    let script = try #require(SharedData.directory) + "/cases/10-http/server.py"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: script)), as: UTF8.self)
    let conditions = text.matches(of: /mode (?:== ('[a-z-]+')|in \(([^)]*)\))/).map { String($0.1 ?? $0.2 ?? "") }
    let modes = conditions.flatMap { $0.matches(of: /'([a-z-]+)'/).map { String($0.1) } }
    #expect(modes.count > 10 && Set(modes).subtracting(Self.answers.keys) == [])
  }

  @Test func anAddressWithALineFeedTakesNoOtherWithIt() async throws {
    try await GivenCase.laid("07-geocoder") { home in
      var home = home
      let port = home.path + "/geocoder.port"
      let folder = try #require(SharedData.directory)
      let server = try await Program.start("python3", [folder + "/cases/07-geocoder/batch.py", port])
      try await eventually("the geocoder listens") { FileManager.default.fileExists(atPath: port) }
      home.environment["AKER_SOURCE_CENSUS_GEOCODER_ENDPOINT"] = "http://127.0.0.1:" + (try home.text("geocoder.port"))
      let result = try await home.aker("run", "geocode_cache", "--year", "2021", "--dry-run", "--json")
      server.send(SIGKILL)
      _ = try await server.wait()
      #expect(result.exitCode == 0, "\(result)")
      struct Report: Decodable {
        struct Row: Decodable {
          var street: String
          var status: String
        }
        var first_rows: [Row]
      }
      let rows = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)).first_rows
      // As the geocoder answers each: its answer repeats the line feed within quotes.
      let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.street, $0.status) })
      #expect(
        found == [
          "55 Elm St\nRear Building": "matched", "9 Oak Ln,": "no_match", "77 \"The Mill\" Rd": "matched",
          "3 Gramercy Park West": "matched", "12 Alder Ct": "no_match",
        ])
      // What is asked for one by one is the two that were not found, whole.
      let asked = try home.text("geocoder.port.log").split(separator: "\n").filter { $0.hasPrefix("/") }
      #expect(asked.count == 2 && asked.allSatisfy { $0.contains(",%20Newark,%20OH,%2043055&") }, "\(asked)")
    }
  }
}

/// A case laid over the recordings and the catalog, as its README says.
enum GivenCase {
  static func laid(_ name: String, dsn: String? = nil, _ body: (OperatorHome) async throws -> Void) async throws {
    let folder = try #require(SharedData.directory) + "/cases/" + name
    let files = FileManager.default
    let place = "/tmp/aker-case-\(UUID().uuidString.prefix(8))"
    defer { try? files.removeItem(atPath: place) }
    for part in ["recordings", "catalog"] {
      let target = place + "/" + part
      try files.createDirectory(atPath: place, withIntermediateDirectories: true)
      try files.copyItem(atPath: PackageRoot.path + "/" + part, toPath: target)
      let over = folder + "/" + part
      for file in try files.fileExists(atPath: over) ? files.subpathsOfDirectory(atPath: over) : [] {
        var isFolder: Bool = false
        guard files.fileExists(atPath: over + "/" + file, isDirectory: &isFolder), !isFolder else { continue }
        let path = target + "/" + file
        try files.createDirectory(
          atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try? files.removeItem(atPath: path)
        try files.copyItem(atPath: over + "/" + file, toPath: path)
      }
    }
    // The sources' limits are for the sources.
    let registry = String(decoding: files.contents(atPath: place + "/catalog/sources.yml") ?? Data(), as: UTF8.self)
    let limits = registry.matches(of: /(?m)^ *- id: *(\w+)/).map {
      "  - {id: \($0.1), rate_limit: {per_second: 1000, burst: 1000, concurrency: 8}}"
    }
    try Data(("sources:\n" + limits.joined(separator: "\n") + "\n").utf8)
      .write(to: URL(filePath: place + "/catalog/sources_supplement.yml"))
    try await OperatorHome.with(dsn: dsn, recordings: place + "/recordings", simulator: []) { home in
      var home = home
      home.environment["AKER_CATALOG_PATH"] = place + "/catalog"
      home.environment["AKER_CONFIG"] = PackageRoot.recordings + "/aker.yml"
      try await body(home)
    }
  }
}
