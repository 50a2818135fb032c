import Base
import Exposition
import FoundationEssentials
import Logging
import Postgres
import Settings
import TestSupport
import Testing
import WebService

/// The service of a test's own database, asked by curl.
struct ServiceScene: Sendable {
  let connection: PostgresConnection
  let url: String

  struct Answer: Sendable, CustomStringConvertible {
    var status: Int
    var headers: [String: String]
    var body: String

    var json: JSONValue { JSONValue(parsing: body) }
    var description: String { "\(status) \(headers) \(body)" }
  }

  static func serving(
    _ rules: AccessRules = AccessRules(anonymous: .operator), prefix: String = "", login: PostgresConfiguration? = nil,
    patience: Duration = .seconds(60), questions: QuestionLimits = QuestionLimits(),
    _ body: (ServiceScene) async throws -> Void
  ) async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    let home = "/tmp/aker-service-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let configuration = try AkerConfiguration(
      environment: [
        "AKER_HOME": home, "AKER_CATALOG_PATH": PackageRoot.catalog, "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
      ])
    let (ports, port) = AsyncStream.makeStream(of: ListenAddress.self)
    let service = WebService(
      WebService.Options(
        address: ListenAddress(host: "127.0.0.1", port: 0), prefix: prefix, rules: rules, version: "test",
        patience: patience, questions: questions, onListening: { port.yield($0) }),
      database: login ?? database.configuration, configuration: configuration,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let running = Task {
      do {
        try await service.run()
      } catch {
        port.finish()
        throw error
      }
    }
    var addresses = ports.makeAsyncIterator()
    guard let address = await addresses.next() else { throw TestFailure("it does not listen") }
    do {
      try await body(ServiceScene(connection: connection, url: "http://\(address)\(prefix)"))
    } catch {
      running.cancel()
      _ = try? await running.value
      throw error
    }
    running.cancel()
    _ = try? await running.value
    await connection.close()
  }

  func get(_ path: String, token: String? = nil, _ headers: String...) async throws -> Answer {
    try await ask("GET", path, token: token, headers: headers)
  }

  func post(_ path: String, _ body: String? = nil, token: String? = nil, _ headers: String...) async throws -> Answer {
    try await ask("POST", path, body: body, token: token, headers: headers)
  }

  func ask(
    _ method: String, _ path: String, body: String? = nil, token: String? = nil, headers: [String] = []
  ) async throws -> Answer {
    var arguments = ["-s", "-i", "--max-time", "60", "-X", method]
    if method == "HEAD" { arguments = ["-s", "-I", "--max-time", "60"] }
    if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
    if let body { arguments += ["--data-binary", body] }
    if body != nil, !headers.contains(where: { $0.hasPrefix("Content-Type:") }) {
      arguments += ["-H", "Content-Type: application/json"]
    }
    for header in headers { arguments += ["-H", header] }
    let result = try await Program.run("curl", arguments + [url + path])
    guard result.exitCode == 0 else { throw TestFailure("\(method) \(path): \(result)") }
    return try Self.parse(result.output)
  }

  private static func parse(_ text: String) throws -> Answer {
    guard let end = text.firstRange(of: "\r\n\r\n") else { throw TestFailure("no answer: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw TestFailure("no status: \(text)")
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return Answer(status: status, headers: headers, body: String(text[end.upperBound...]))
  }

  // MARK: The queue behind it

  /// Has each look for changes counted by the sequence `asked`, and held up by `statement` once it has looked.
  func countLooks(thenHeldBy statement: String = "") async throws {
    try await connection.executeScript(
      """
      CREATE SEQUENCE asked;
      ALTER FUNCTION service.changes RENAME TO real_changes;
      CREATE FUNCTION service.changes(bigint, pg_snapshot, integer[], integer[], bigint[])
        RETURNS TABLE (kind text, key text, data text) LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('public.asked');
          RETURN QUERY SELECT * FROM service.real_changes($1, $2, $3, $4, $5); \(statement) END $$;
      """)
  }

  /// A dataset, and tasks of it.
  func enqueue(_ dataset: String = "income", years: ClosedRange<Int> = 2001...2003) async throws {
    let definition = SHA256.hash(dataset)
    try await connection.execute(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES ($1, $2, '', '')
      ON CONFLICT DO NOTHING
      """, [definition, dataset])
    try await connection.execute(
      """
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
      VALUES ($2, $1, $2, 1900, false, '{}', ARRAY[$2 || '_source'], $2 || '_source', '{}') ON CONFLICT DO NOTHING
      """, [definition, dataset])
    _ = try await connection.query("SELECT queue.configure_source($1)", [dataset + "_source"])
    _ = try await connection.query(
      "SELECT * FROM queue.enqueue_backfill(ARRAY[$1], $2, '2024-06')", [dataset, Array(years)])
  }

  /// Fails every task that waits, for good.
  func failAll(_ errorClass: String = "permanent") async throws {
    try await connection.executeScript(
      """
      DO $$ DECLARE w integer := queue.register_worker('w', 'h', 1, 'v', 10000); r record; BEGIN
        FOR r IN SELECT * FROM queue.claim(w, 10000) LOOP
          PERFORM queue.fail(r.task_id, r.lease_token, '\(errorClass)', 'broken');
        END LOOP;
        PERFORM queue.stop_worker(w);
      END $$;
      SELECT queue.tidy();
      """)
  }

  func token(_ level: String, days: Int = 1) async throws -> String {
    try await AccessTokenMaker.make(level, days: days, connection)
  }

  func count(_ sql: String) async throws -> Int {
    try await connection.one("SELECT count(*) AS n FROM \(sql)").decode("n")
  }
}
