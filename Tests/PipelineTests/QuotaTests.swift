import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

@Suite("Daily quotas", .database, .whateverHappens)
struct QuotaTests {
  private static let yaml = """
    name: counted
    title: Counted
    partitions: {years: 2011-}
    requests:
      - name: part
        source: census_bps
        path: "/{part}{data_year}.csv"
        for_each: {part: [a, b, c]}
        format: csv
        columns: [code]
    columns: [{name: code, type: text, description: Code.}]
    key: [code]
    """

  @Test("what would exceed it waits for the reset, fails nothing, and does not ask again for what it has")
  func waits() async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder + "/census_bps", withIntermediateDirectories: true)
    for part in ["a", "b", "c"] {
      try Data("code\n\(part)\n".utf8).write(to: URL(filePath: folder + "/census_bps/\(part)2011.csv"))
    }
    try await Simulator.running(recordings: folder) { simulator in
      try await Workshop.open(endpoints: ["census_bps": simulator.endpoint + "/census_bps"]) { workshop, connection in
        // What was asked before the budget was found used up is still under way then.
        let slow = try await Program.run(
          "curl",
          [
            "-sf", "--data", #"{"path": "/census_bps/", "fault": "delay", "seconds": 1}"#,
            simulator.endpoint + "/_faults",
          ])
        #expect(slow.exitCode == 0, "\(slow)")
        try workshop.define("counted", Self.yaml, "FROM raw.part SELECT code")
        try await workshop.apply(connection)
        try await connection.execute("SELECT queue.configure_source('census_bps', daily_quota => 2)")
        try await workshop.enqueue("counted", 2011...2011, asOf: "2026-01", connection)
        let worker = try await workshop.start()
        defer { worker.send(SIGKILL) }
        try await eventually("the task waits for the next day") {
          try await connection.query(
            """
            SELECT FROM queue.delayed, (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS d (day)
            WHERE run_at BETWEEN day + interval '23:59:59' AND day + interval '24:01'
            """
          ).count == 1
        }
        let asked = try await Program.run("curl", ["-sf", simulator.endpoint + "/_log"])
        #expect(asked.output.contains("\"total\":2"), "\(asked)")
        let why = try await connection.query("SELECT state || ': ' || queue.why(task_id) AS why FROM queue.task")
        let reason: String = try why[0].decode("why")
        #expect(reason.hasPrefix("ready: "), "\(reason)")
        // The next day.
        try await connection.execute("UPDATE queue.token_bucket SET quota_day = quota_day - 1")
        try await connection.execute("UPDATE queue.delayed SET run_at = clock_timestamp()")
        let result = try await worker.wait()
        #expect(result.exitCode == 0, "\(result)")
        try await workshop.requireExactlyOnce("counted", partitions: 1, connection)
        let log = try await Program.run("curl", ["-sf", simulator.endpoint + "/_log"])
        #expect(log.output.contains("\"total\":3"), "\(log)")
      }
    }
  }
}
