import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The API and its document, by a program that asks whatever the document allows and forbids: schemathesis.
@Suite(.database)
struct ContractTests {
  /// Requests of its own making for each operation, besides those at the bounds of every parameter, of which there are some
  /// two thousand. With AKER_API_CASES, so many in all.
  private static let examples = 3
  private static let operationCount = 50

  /// How many are asked for.
  private static let cases = ProcessInfo.processInfo.environment["AKER_API_CASES"].flatMap { Int($0) }

  private static var asked: Int { max(examples, ((cases ?? 0) + operationCount - 1) / operationCount) }

  /// A stream is read for as long as a request may take. And each backfill applies the catalog, so in `make test` the bounds of
  /// what it is sent are left to plan, which is sent the same.
  private static func configuration(_ token: String) -> String {
    let short = """
      [[operations]]
      include-path = "/api/v1/backfills"
      include-method = "POST"
      phases.coverage.enabled = false

      """
    return """
      request-timeout = 30
      [auth.openapi.token]
      bearer = "\(token)"
      [[operations]]
      include-path = "/api/v1/events"
      request-timeout = 0.5
      [[operations]]
      # A text that is no SQL is refused, and no schema can say which is.
      include-path-regex = "^/api/v1/explore"
      checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]

      """ + (cases == nil ? short : "")
  }

  @Test(.whateverHappens) func theAPIIsAsItsDocumentSays() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      try await fill(home)
      let made = try await home.aker("token", "create", "contract", "--level", "admin", "--json")
      let token = try JSONDecoder().decode([String: String].self, from: Data(made.output.utf8))["token"] ?? ""
      try await ServedHome.serving(home, "--require-token", "--proxy-user-header", "X-Proxy-User") { served in
        try home.write(Self.configuration(token), to: "schemathesis.toml")
        let result = try await Program.run(
          "python3",
          [
            "-m", "schemathesis.cli", "run", served.url + "/openapi.json", "--checks", "all", "--no-color",
            "--max-examples", "\(Self.asked)", "--no-shrink",
            "--seed", ProcessInfo.processInfo.environment["AKER_API_SEED"] ?? "1", "--generation-database", "none",
          ],
          environment: [
            "PYTHONPATH": PythonProgram.folder("schemathesis") + ":" + PackageRoot.path + "/Tests/Tools/api",
            "SCHEMATHESIS_HOOKS": "hooks", "PYTHONDONTWRITEBYTECODE": "1", "AKER_REAL": try await real(),
          ], directory: home.path)
        #expect(result.exitCode == 0, "\(result)")
        // It has asked, and of each operation.
        let tested = result.output.firstMatch(of: /Selected: ([0-9]+)\/\1\s+Tested: \1\s/)
        #expect(tested.flatMap { Int($0.1) } ?? 0 >= Self.operationCount, "\(result)")
        let count = result.output.firstMatch(of: /([0-9]+) generated/).flatMap { Int($0.1) } ?? 0
        print("contract: \(count) requests")
        #expect(count >= max(Self.cases ?? 0, 1000), "\(result)")
      }
    }
  }

  /// What was published, with warnings and without, what failed and what waits; at a time at which no flow is due.
  private func fill(_ home: OperatorHome) async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute(
      "ALTER DATABASE \(TestDatabase.current.name) SET aker.schedule_clock = '\(Date().formatted(.iso8601)),2026-05-01T06:00Z,1'"
    )
    let built = try await home.aker(
      "backfill", "market_income", "price_index", "--years", "2019-2021", "--workers", "1", "--slots", "2")
    #expect(built.exitCode == 1 && built.output.contains("market_income 2021"), "\(built)")
    let waiting = try await home.aker("backfill", "market_jobs", "--years", "2020-2021", "--detach")
    #expect(waiting.exitCode == 0, "\(waiting)")
    await connection.close()
  }

  /// By the members' names.
  private func real() async throws -> String {
    let connection = try await TestDatabase.current.connect()
    let text: String = try await connection.one(
      """
      SELECT json_build_object(
        'task', (SELECT json_agg(task_id ORDER BY task_id) FROM queue.task),
        'backfill', (SELECT json_agg(backfill_id ORDER BY backfill_id) FROM queue.backfill),
        'dataset', json_build_array('market_income', 'price_index', 'market_jobs'),
        'datasets', json_build_array(json_build_array('price_index'), json_build_array('market_income', 'market_jobs')),
        'year', json_build_array(2019, 2020), 'years', json_build_array('2019', '2019-2021'),
        'source', json_build_array('census_acs5', 'bls_qcew'), 'batch', json_build_array(1, 2),
        'sql', json_build_array('SELECT * FROM queue.task', 'TABLE lake.current'),
        'flow', json_build_array('collect-permits', 'refresh-market-data'))::text AS text
      """
    ).decode("text")
    await connection.close()
    return text
  }
}
