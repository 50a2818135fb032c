import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// geocode_cache from a list of addresses through geocoders that know some of them, to the warehouse.
@Suite("geocode_cache", .database)
struct GeocodeCacheTests {
  private static let geocoders = ["census_geocoder", "nominatim", "mapbox_geocoding"]

  private func opened(
    sources: [String], _ body: (Workshop, PostgresConnection, Simulator) async throws -> Void
  ) async throws {
    try await Simulator.running { simulator in
      let endpoints = Dictionary(uniqueKeysWithValues: sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: ["geocode_cache"], endpoints: endpoints) {
        try await body($0, $1, simulator)
      }
    }
  }

  /// - Parameter enabled: further sources, which are not asked without.
  private func build(
    _ year: Int, asOf: String, enabled: [String: String] = [:], _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws {
    // A host that has asked nothing yet: only what is published keeps it from asking.
    try? FileManager.default.removeItem(atPath: workshop.cache + "/raw/index")
    try await workshop.enqueue("geocode_cache", year...year, asOf: asOf, mode: "all", connection)
    let worked = try await workshop.work(enabled.merging(["AKER_MAPBOX_TOKEN": "demo"]) { $1 })
    let left = try await connection.query("SELECT reason FROM queue.task WHERE state <> 'completed'")
    #expect(left.isEmpty, "\(worked)")
  }

  private func lines(_ sql: String, _ connection: PostgresConnection) async throws -> [String] {
    try await connection.query("SELECT concat_ws(' | ', VARIADIC cells) AS line FROM (\(sql)) AS q (cells)")
      .map { try $0.decode("line") }
  }

  private func found(_ year: Int) -> String {
    """
    SELECT ARRAY[street, status, match_type, ST_AsText(location), geo_id, tract_id, attempt_count::text, asked_of]
    FROM geocode_cache WHERE data_year = \(year) ORDER BY street
    """
  }

  /// Requests to each geocoder since the last time.
  private func asked(_ simulator: Simulator) async throws -> [Int] {
    let answer = try await Program.run("curl", ["-sf", simulator.endpoint + "/_log"])
    _ = try await Program.run("curl", ["-sf", "-X", "DELETE", simulator.endpoint + "/_log"])
    struct Log: Decodable {
      struct Source: Decodable { var total: Int }
      var sources: [String: Source]
    }
    let log = try JSONDecoder().decode(Log.self, from: Data(answer.output.utf8))
    return Self.geocoders.map { log.sources[$0]?.total ?? 0 }
  }

  @Test("the first that knows an address answers, and an address that was found is not asked again, in whichever year")
  func fallback() async throws {
    try await opened(sources: ["address_list", "census_geocoder", "nominatim"]) { workshop, connection, simulator in
      try await build(2020, asOf: "2026-09", workshop, connection)
      // A batch; then as one line what it left, and at Nominatim what that left. Mapbox is off unless it is enabled.
      #expect(try await asked(simulator) == [3, 2, 0])
      #expect(
        try await lines(found(2020), connection) == [
          "1 Main St | tie | 3 | batch, one_line, nominatim",
          "12 Harbor Walk, Unit 4 | matched | nominatim place | POINT(-76.6120002 39.2784001) | 3 | batch, one_line, nominatim",
          "3 GRAMERCY PARK WEST | matched | census exact | POINT(-73.98658 40.738323) | 36061 | 36061005000 | 1 | batch",
        ])

      // In lower case it is the same address; the Census Bureau's own is new.
      try await build(2018, asOf: "2026-09", workshop, connection)
      #expect(try await asked(simulator) == [1, 0, 0])
      #expect(
        try await lines(found(2018), connection) == [
          "3 Gramercy Park West | matched | census exact | POINT(-73.98658 40.738323) | 36061 | 36061005000 | 1 | batch",
          "4600 Silver Hill Rd | matched | census non_exact | POINT(-76.92744 38.845985) | 24033 | 24033802405 | 1 | batch",
        ])
      try await build(2018, asOf: "2026-10", workshop, connection)
      #expect(try await asked(simulator) == [0, 0, 0])
    }
  }

  @Test("what was not found is asked again after three months, and only that; Mapbox, once it is enabled, comes last")
  func askedAgain() async throws {
    try await opened(sources: ["address_list", "census_geocoder", "nominatim"]) { workshop, connection, simulator in
      try await build(2021, asOf: "2026-06", workshop, connection)
      #expect(try await asked(simulator) == [5, 4, 0])
      let mapbox = ["AKER_SOURCE_MAPBOX_GEOCODING_ENDPOINT": simulator.endpoint + "/mapbox_geocoding"]
      try await build(2021, asOf: "2026-08", enabled: mapbox, workshop, connection)
      #expect(try await asked(simulator) == [0, 0, 0])
      try await build(2021, asOf: "2026-09", enabled: mapbox, workshop, connection)
      #expect(try await asked(simulator) == [4, 3, 3])
      #expect(
        try await lines(found(2021), connection) == [
          "100 Larkspur Loop | matched | mapbox rooftop | POINT(-104.7412 39.8123) | 7 | batch, one_line, nominatim, mapbox",
          "12 Harbor Walk, Unit 4 | matched | nominatim place | POINT(-76.6120002 39.2784001) | 3 | batch, one_line, nominatim",
          "210 Depot Ln | no_match | 7 | batch, one_line, nominatim, mapbox",
          "79 Wistful Vista | no_match | 7 | batch, one_line, nominatim, mapbox", "unanswered | 0",
        ])
      let urls = try await connection.query("SELECT url FROM lineage.input WHERE source_id = 'mapbox_geocoding'")
      #expect(try urls.count == 3 && urls.allSatisfy { try !$0.decode("url", as: String.self).contains("demo") })
    }
  }

  @Test("a run asks for so many and no more; the next one goes on with what waits, and asks for nothing again")
  func limits() async throws {
    try await opened(sources: ["address_list", "census_geocoder", "nominatim"]) { workshop, connection, simulator in
      for (file, limit, lower) in [("not_in_batch", "2000", "2"), ("not_at_census", "1000", "1")] {
        let path = workshop.catalog + "/datasets/geocode_cache/\(file).sql"
        let sql = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        #expect(sql.contains("LIMIT \(limit)\n"))
        try Data(sql.replacing("LIMIT \(limit)\n", with: "LIMIT \(lower)\n").utf8).write(to: URL(filePath: path))
      }
      try await workshop.apply(connection)
      let waiting =
        "SELECT ARRAY[asked_of, count(*)::text] FROM geocode_cache WHERE status = 'waiting' GROUP BY asked_of ORDER BY 1"
      // The batch and two lines, of which one goes on to Nominatim.
      try await build(2021, asOf: "2026-09", workshop, connection)
      #expect(try await asked(simulator) == [3, 1, 0])
      #expect(try await lines(waiting, connection) == ["batch | 2", "batch, one_line | 1"])
      try await build(2021, asOf: "2026-09", workshop, connection)
      #expect(try await asked(simulator) == [2, 1, 0])
      #expect(try await lines(waiting, connection) == ["batch, one_line | 2"])
      for left in [["batch, one_line | 1"], []] {
        try await build(2021, asOf: "2026-09", workshop, connection)
        #expect(try await asked(simulator) == [0, 1, 0])
        #expect(try await lines(waiting, connection) == left)
      }
      try await build(2021, asOf: "2026-10", workshop, connection)
      #expect(try await asked(simulator) == [0, 0, 0])
      #expect(
        try await lines(found(2021), connection) == [
          "100 Larkspur Loop | no_match | 3 | batch, one_line, nominatim",
          "12 Harbor Walk, Unit 4 | matched | nominatim place | POINT(-76.6120002 39.2784001) | 3 | batch, one_line, nominatim",
          "210 Depot Ln | no_match | 3 | batch, one_line, nominatim",
          "79 Wistful Vista | no_match | 3 | batch, one_line, nominatim", "unanswered | 0",
        ])
    }
  }

  @Test("a batch that fails passes when it is sent again")
  func failingBatch() async throws {
    try await opened(sources: ["address_list", "census_geocoder", "nominatim"]) { workshop, connection, simulator in
      let fault = try await Program.run(
        "curl",
        [
          "-sf", "--data", #"{"path": "/census_geocoder/", "fault": "status", "status": 502, "count": 1}"#,
          simulator.endpoint + "/_faults",
        ])
      #expect(fault.exitCode == 0, "\(fault)")
      try await build(2018, asOf: "2026-09", workshop, connection)
      #expect(
        try await lines("SELECT ARRAY[count(*)::text] FROM geocode_cache WHERE status = 'matched'", connection) == ["2"]
      )
      #expect(try await asked(simulator) == [2, 0, 0])
    }
  }
}
