@testable import Catalog
import FoundationEssentials
import Postgres
import Quality
import TestSupport
import Testing

@Suite("The datasets' figures", .database)
struct DatasetFigureTests {
  /// Publishes one partition of each region from recordings.
  private func publish(
    _ test: DatasetCase, recordings: String, asOf: String, _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws {
    try await Simulator.running(recordings: recordings) { simulator in
      try await publish(test, from: simulator.endpoint, asOf: asOf, workshop, connection)
    }
  }

  private func publish(
    _ test: DatasetCase, from endpoint: String, asOf: String, _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws {
    var workshop = workshop
    for source in test.sources { workshop.endpoints[source] = endpoint + "/" + source }
    for dataset in test.upstreams + [test.dataset] {
      try await workshop.enqueue(dataset, test.year...test.year, asOf: asOf, connection)
      try await workshop.work(Self.keys)
    }
    let failed = try await connection.query(
      "SELECT dataset || ' ' || region || ': ' || reason AS task FROM queue.task WHERE state <> 'completed'")
    for task in failed { Issue.record("\(try task.decode("task", as: String.self))") }
  }

  /// What sources that want a key are given; the simulator takes this one.
  private static let keys = Dictionary(
    uniqueKeysWithValues: [
      "CENSUS_API_KEY", "BEA_API_KEY", "BLS_API_KEY", "VENDOR_AMENITIES_KEY", "VENDOR_MEMBERSHIP_KEY",
      "VENDOR_RETENTION_KEY",
    ].map { ("AKER_" + $0, "demo") })

  @Test("what is published is what the files hold", arguments: DatasetCase.all + DatasetCase.places)
  func figures(_ test: DatasetCase) async throws {
    try await Workshop.open(datasets: test.upstreams + [test.dataset]) { workshop, connection in
      try await publish(test, recordings: PackageRoot.recordings, asOf: "2026-09", workshop, connection)
      try await expectFigures(test, connection)
    }
  }

  @Test("layouts of other years and vintages work unseen", arguments: DatasetCase.layouts)
  func layouts(_ test: DatasetCase) async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in test.files {
      let isCompressed = name.hasSuffix(".gz")
      let isArchive = name.hasSuffix(".zip")
      let plain = isCompressed ? String(name.dropLast(3)) : isArchive ? name.dropLast(3) + "csv" : name
      let path = "\(folder)/\(test.sources[0])/\(plain)"
      try FileManager.default.createDirectory(
        atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
      if isCompressed { #expect(try await Program.run("gzip", ["--no-name", path]).exitCode == 0) }
      if isArchive {
        let zipped = try await Program.run("python3", ["-m", "zipfile", "-c", path.dropLast(3) + "zip", path])
        #expect(zipped.exitCode == 0, "\(zipped)")
      }
    }
    // Other sources, which do not change with the layout.
    for source in test.sources.dropFirst() {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(source)", withDestinationPath: "\(PackageRoot.recordings)/\(source)")
    }
    try await Workshop.open(datasets: test.upstreams + [test.dataset]) { workshop, connection in
      try await publish(test, recordings: folder, asOf: "2026-09", workshop, connection)
      try await expectFigures(test, connection)
    }
  }

  @Test(
    "the National Risk Index of November 2021 as it was: all counties, and the hazards that the excerpt has",
    .enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
  func realRiskIndex() async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let target = folder + "/fema_nri/about/reports-and-data/openfema/nri/v1181"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    let file = target + "/NRI_Table_Counties.csv"
    try FileManager.default.createSymbolicLink(
      atPath: file,
      withDestinationPath: try #require(SharedData.directory) + "/fema_nri/NRI_Table_Counties_2021-11_36cols.csv")
    // There is no real file of tracts here: each county is given one.
    let tracts = target + "/NRI_Table_CensusTracts.csv"
    let made = try await Program.run(
      "python3",
      [
        "-c",
        """
        import csv, sys
        rows = csv.reader(open(sys.argv[1], encoding="utf-8-sig", newline=""))
        out = csv.writer(open(sys.argv[2], "w", encoding="utf-8", newline=""))
        header = next(rows)
        out.writerow(header + ["TRACTFIPS"])
        for row in rows: out.writerow(row + [row[header.index("STCOFIPS")] + "000100"])
        """, file, tracts,
      ])
    #expect(made.exitCode == 0, "\(made)")
    for (name, file) in [("Counties", file), ("CensusTracts", tracts)] {
      let zipped = try await Program.run("python3", ["-m", "zipfile", "-c", "\(target)/NRI_Table_\(name).zip", file])
      #expect(zipped.exitCode == 0, "\(zipped)")
    }
    let test = DatasetCase(
      dataset: "hazard_risk", year: 2021, sources: ["fema_nri"],
      figures: [
        ("SELECT count(*) FROM hazard_risk WHERE region = 'Counties' AND hazard = 'all'", "3142"),
        (
          "SELECT count(*) FROM hazard_risk WHERE region = 'Counties' AND hazard = 'all' AND rating = 'very_high'", "21"
        ),
        ("SELECT round(sum(expected_annual_loss)) FROM hazard_risk WHERE region = 'Counties'", "32255088727"),
        (
          "SELECT string_agg(severity::text, ' ' ORDER BY hazard) FROM hazard_risk WHERE region = 'Counties' AND geo_id = '01001' AND hazard IN ('all', 'social_vulnerability')",
          "5.748777401 25.85731179"
        ),
        (
          "SELECT count(*) FROM hazard_risk WHERE region = 'Counties' AND left(geo_id, 1) = '0' AND hazard = 'all'",
          "316"
        ),
        (
          "SELECT string_agg(DISTINCT hazard, ' ' ORDER BY hazard) FROM hazard_risk",
          "all community_resilience social_vulnerability"
        ),
      ])
    try await Workshop.open(datasets: [test.dataset]) { workshop, connection in
      try await publish(test, recordings: folder, asOf: "2026-09", workshop, connection)
      try await expectFigures(test, connection)
    }
  }

  @Test(
    "the table of all areas and years as it was: Latin-1, odd quotes, notes at the end, (NA)",
    .enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
  func realPersonalIncome() async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let target = folder + "/bea_regional/regional/zip"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    let file = try #require(SharedData.directory) + "/bea_regional/CAINC1__ALL_AREAS_1969_2021.csv"
    let zipped = try await Program.run("python3", ["-m", "zipfile", "-c", target + "/CAINC1.zip", file])
    #expect(zipped.exitCode == 0, "\(zipped)")
    let test = DatasetCase(
      dataset: "personal_income", year: 1975, sources: ["bea_regional"],
      figures: [
        ("SELECT (count(*), count(note), sum(population)) FROM personal_income", "(3140,31,215456585)"),
        ("SELECT name FROM personal_income WHERE geo_id = '35013'", "Doña Ana, NM"),
        ("SELECT (personal_income, note) FROM personal_income WHERE geo_id = '02010'", "(,not_available)"),
      ])
    try await Workshop.open(datasets: [test.dataset]) { workshop, connection in
      try await publish(test, recordings: folder, asOf: "2026-09", workshop, connection)
      try await expectFigures(test, connection)
    }
  }

  @Test("a column that may have two names is found by either, and a pattern that nothing matches stops the partition")
  func drift() throws {
    let columns = RequestColumns(
      names: ["place", "months"], sourceNames: ["place": "location_name"], otherNames: ["place": ["Location"]],
      patterns: ["months": #"\d{4}_\d{2}"#])
    let request = DatasetRequest(
      name: "estimates", sourceID: "s", path: "/", query: [], format: .csv, vintages: [columns], isOptional: false,
      line: 1)
    func drift(_ header: [String]) -> [SchemaDrift] {
      SchemaDrift.compare(request: request, declared: columns, header: header, year: 2020)
    }
    #expect(drift(["location_name", "2020_01", "2020_02"]) == [])
    #expect(drift(["LOCATION", "2020_01"]) == [])
    #expect(drift(["Location", "2020-01"]).filter(\.isFailure).map(\.column) == ["months"])
    #expect(drift(["Location", "2020-01"]).filter { !$0.isFailure }.map(\.column) == ["2020-01"])
    #expect(drift(["Area", "2020_01"]).filter(\.isFailure).map(\.column) == ["location_name"])
  }

  private func expectFigures(_ test: DatasetCase, _ connection: PostgresConnection) async throws {
    for (query, expected) in test.figures {
      let rows = try await connection.query("SELECT (\(query))::text AS answer")
      let found: String? = try rows[0].decode("answer")
      #expect(found == expected, "\(query)")
    }
  }

  @Test(
    "shuffled and further columns, CRLF, a byte order mark and other compression give the same bytes",
    arguments: DatasetCase.all + DatasetCase.places + DatasetCase.figuredElsewhere)
  func otherClothes(_ test: DatasetCase) async throws {
    try await Workshop.open(datasets: test.upstreams + [test.dataset]) { workshop, connection in
      try await Simulator.running { simulator in
        try await publish(test, from: simulator.endpoint, asOf: "2026-09", workshop, connection)
        try await OtherClothes.over(simulator) { endpoint in
          try await publish(test, from: endpoint, asOf: "2026-10", workshop, connection)
        }
      }
      // No document is the same, or nothing would have been shown.
      let same = try await connection.query(
        """
        SELECT min(i.url) AS url FROM lineage.input i JOIN lineage.publication p USING (publication_id)
        WHERE p.dataset = $1 AND i.kind = 'source' AND i.sha256 IS NOT NULL
        GROUP BY i.sha256 HAVING count(DISTINCT p.as_of) > 1
        """, [test.dataset])
      #expect(try same.map { try $0.decode("url", as: String.self) } == [])
      let rows = try await connection.query(
        """
        SELECT count(DISTINCT as_of) AS vintages, count(DISTINCT (region, output_sha256)) AS outputs,
          count(DISTINCT region) AS regions
        FROM lineage.publication WHERE dataset = $1
        """, [test.dataset])
      #expect(try rows[0].decode("vintages", as: Int.self) == 2)
      #expect(try rows[0].decode("outputs", as: Int.self) == (try rows[0].decode("regions", as: Int.self)))
    }
  }
}
