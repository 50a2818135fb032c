import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// A worker that has keys, and everything that it and its children write.
@Suite("Planted keys", .database)
struct PlantedKeyTests {
  private static let key = "planted-K3y/with+odd=bytes&more"

  @Test("keys of a worker are in no file, table, log, error or process argument, whatever it met")
  func nowhere() async throws {
    let faults = "/tmp/aker-faults-\(UUID().uuidString).json"
    // 2010 is refused with a text that repeats what was asked, 2011 is down, 2012 and the prices are answered.
    let text = "no such key: \(Self.key), \(Self.encoded)"
    try Data(
      """
      [{"fault": "status", "status": 400, "text": "\(text)", "path": "/census_acs5/data/2010"},
       {"fault": "reset", "before_answer": true, "path": "/census_acs5/data/2011"}]
      """.utf8
    ).write(to: URL(filePath: faults))
    defer { try? FileManager.default.removeItem(atPath: faults) }
    try await Simulator.running(arguments: ["--faults", faults]) { simulator in
      let sources = ["census_acs5", "bea_regional", "bls_timeseries"]
      let endpoints = Dictionary(uniqueKeysWithValues: sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: ["market_income", "personal_income", "price_index"], endpoints: endpoints) {
        workshop, connection in
        try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
        try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", connection)
        try await workshop.enqueue("personal_income", 2020...2020, asOf: "2024-06", connection)
        // Its key goes into the body of a POST.
        try await workshop.enqueue("price_index", 2023...2023, asOf: "2024-06", connection)
        let worker = try await workshop.start(
          slots: 2,
          [
            "AKER_CENSUS_API_KEY": Self.key, "AKER_BEA_API_KEY": Self.key, "AKER_BLS_API_KEY": Self.key,
            "AKER_LOG_LEVEL": "trace",
          ])
        let watch = Task { await Self.arguments(below: worker.processID) }
        let result = try await worker.wait()
        let arguments = await watch.value
        #expect(arguments.contains("duckdb"), "nothing was seen running")

        let states = try await connection.query(
          "SELECT string_agg(data_year || ' ' || state, ', ' ORDER BY data_year) AS t FROM queue.task")
        #expect(
          try states[0].decode("t", as: String?.self)
            == "2010 failed, 2011 failed, 2012 completed, 2020 completed, 2023 completed",
          "\(result)")

        var written = [result.output, result.errorOutput, arguments]
        for schema in ["queue", "catalog", "lineage", "lake", "quality", "warehouse", "public"] {
          let dump = try await connection.query("SELECT schema_to_xml('\(schema)', true, false, '')::text AS t")
          written.append(try dump[0].decode("t"))
        }
        for path in try FileManager.default.subpathsOfDirectory(atPath: workshop.directory) {
          written.append(path)
          if let contents = FileManager.default.contents(atPath: workshop.directory + "/" + path) {
            written.append(String(decoding: contents, as: UTF8.self))
          }
        }
        let all = written.joined(separator: "\n")
        // That the places were looked into at all.
        for sign in ["no such key", "/data/2012/acs/acs5", "apps.bea.gov", "Connecticut"] {
          #expect(all.contains(sign), "\(sign)")
        }
        for form in [Self.key, Self.encoded, "planted", "K3y"] { #expect(!all.contains(form), "\(form)") }
      }
    }
  }

  /// As it is in an address.
  private static let encoded = "planted-K3y%2Fwith%2Bodd%3Dbytes%26more"

  /// The arguments of a process and of all that it started, until it ends.
  private static func arguments(below processID: Int32) async -> String {
    var seen: Set<String> = []
    while kill(processID, 0) == 0 {
      for id in (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap({ Int32($0) }) ?? [] {
        guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { continue }
        let text = String(decoding: line, as: UTF8.self).replacing("\0", with: " ")
        // The tests' own process knows the key; workers and their DuckDB are what is looked at.
        if id == processID || text.contains("duckdb") { seen.insert(text) }
      }
      try? await Task.sleep(for: .milliseconds(5))
      if FileManager.default.contents(atPath: "/proc/\(processID)/cmdline")?.isEmpty ?? true { break }
    }
    return seen.joined(separator: "\n")
  }
}
