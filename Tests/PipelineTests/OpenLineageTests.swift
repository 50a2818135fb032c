import Settings
import FoundationEssentials
import Glibc
import Logging
import OpenLineage
import Postgres
import Testing
import TestSupport

/// Live events, as an endpoint gets them from real workers, judged by OpenLineage's own classes.
@Suite("OpenLineage", .database)
struct OpenLineageTests {
  /// Keeps what is posted, a line each; the first two posts of each path get a 503.
  private static let receiver = """
    import http.server, os, sys, threading, time
    parent, seen = os.getppid(), []
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        seen.append(self.path)
        status = 503 if len(seen) <= 2 else 201
        if status == 201:
          assert self.headers['content-type'] == 'application/json', self.headers
          with open(sys.argv[2], 'ab') as file:
            file.write(self.path.encode() + b' ' + self.headers.get('authorization', '-').encode() + b' ' + body + b'\\n')
        self.send_response(status)
        self.send_header('content-length', '0')
        self.end_headers()
      def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    with open(sys.argv[1] + '.new', 'w') as file: file.write(str(server.server_port))
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent: time.sleep(0.5)
    """

  /// Builds each event out of the client's classes: unknown, missing and malformed fields raise.
  private static let validator = """
    import importlib, json, pkgutil, re, sys
    import attr
    import openlineage.client.generated as generated
    from openlineage.client import event_v2
    from openlineage.client.serde import Serde
    schemas, parts = {}, {}
    for module in pkgutil.iter_modules(generated.__path__):
      for kind in vars(importlib.import_module('openlineage.client.generated.' + module.name)).values():
        if isinstance(kind, type) and attr.has(kind): parts[kind.__name__] = kind
        if isinstance(kind, type) and hasattr(kind, '_get_schema'): schemas[kind._get_schema()] = kind
    def make(kind, fields, **more):
      names = {a.name for a in attr.fields(kind) if a.init}
      unknown = set(fields) - names - {'_producer', '_schemaURL'}
      assert not unknown, (kind, unknown)
      return kind(**{k: v for k, v in fields.items() if k in names and k[0] != '_'}, **more)
    used = set()
    def facets(found):
      made = {}
      for name, fields in (found or {}).items():
        url = fields['_schemaURL']
        assert fields['_producer'].startswith('https://')
        if name.startswith('aker_'): continue
        kind = schemas[url]
        used.add(kind.__name__)
        # What the classes take as it comes: judged by the classes meant for it.
        for part, inner in [('fields', 'SchemaDatasetFacetFields'), ('assertions', 'Assertion')]:
          if isinstance(fields.get(part), list):
            for entry in fields[part]: make(parts[inner], entry)
        made[name] = make(kind, fields)
      return made
    def dataset(kind, fields, *names):
      more = {name: facets(fields.get(name)) for name in ('facets',) + names}
      return make(kind, {k: v for k, v in fields.items() if k not in more}, **more)
    types = []
    for line in open(sys.argv[1]):
      event = json.loads(line)
      assert event['schemaURL'] == event_v2.RunEvent._get_schema()
      run = make(event_v2.Run, {'runId': event['run']['runId']}, facets=facets(event['run']['facets']))
      job = make(event_v2.Job, {k: event['job'][k] for k in ('namespace', 'name')}, facets=facets(event['job']['facets']))
      rebuilt = event_v2.RunEvent(
        eventType=event_v2.RunState(event['eventType']), eventTime=event['eventTime'], producer=event['producer'],
        run=run, job=job, inputs=[dataset(event_v2.InputDataset, d) for d in event['inputs']],
        outputs=[dataset(event_v2.OutputDataset, d, 'outputFacets') for d in event['outputs']])
      Serde.to_json(rebuilt)
      types.append(event['eventType'])
    print(json.dumps({'types': types, 'facets': sorted(used)}))
    """

  private struct Judged: Decodable {
    var types: [String]
    var facets: [String]
  }

  private struct Event: Decodable {
    struct Run: Decodable { var runId: String }
    var eventType: String
    var eventTime: String
    var run: Run
  }

  private func judge(_ lines: [String]) async throws -> Judged {
    let file = "/tmp/aker-events-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: file))
    let result = try await Program.run(
      "python3", ["-c", Self.validator, file],
      environment: ["PYTHONPATH": PythonProgram.folder("openlineage-python")])
    guard result.exitCode == 0 else { throw TestFailure("not valid: \(result)") }
    return try JSONDecoder().decode(Judged.self, from: Data(result.output.utf8))
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  private func withEndpoint(_ body: (String, () -> [String]) async throws -> Void) async throws {
    let path = "/tmp/aker-openlineage-\(UUID().uuidString)"
    defer { for file in [path, path + ".jsonl"] { try? FileManager.default.removeItem(atPath: file) } }
    let program = try await Program.start("python3", ["-c", Self.receiver, path, path + ".jsonl"])
    try await eventually(within: .seconds(60), "the endpoint listens") { !Self.text(path).isEmpty }
    do {
      try await body("http://127.0.0.1:\(Self.text(path))") {
        Self.text(path + ".jsonl").split(separator: "\n").map(String.init)
      }
    } catch {
      program.send(SIGKILL)
      throw error
    }
    program.send(SIGKILL)
    _ = try await program.wait()
  }

  @Test("each attempt is a run that starts and ends once, whether it publishes, fails, or dies with its worker")
  func live() async throws {
    try await withEndpoint { url, lines in
      try await Simulator.running { simulator in
        try await Workshop.open(
          datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
        ) { workshop, connection in
          var workshop = workshop
          workshop.environment = ["AKER_OPENLINEAGE_URL": url, "AKER_OPENLINEAGE_API_KEY": "a-key"]
          try workshop.define(
            "broken", KillTests.datasetYAML("broken", isSplit: true), "SELECT state, nope FROM raw.state")
          try await workshop.apply(connection)
          try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
          try await workshop.enqueue("market_income", 2011...2012, asOf: "2024-06", connection)
          #expect(try await workshop.work(["AKER_CRASH_AT": "built"]).signal == SIGKILL)
          try await connection.execute(
            "SELECT * FROM queue.enqueue_backfill(ARRAY['broken'], ARRAY[2012], regions => ARRAY['r01'])")
          #expect(try await workshop.work().exitCode == 0)
          // The endpoint was out of order at first: nothing is lost.
          try await connection.execute("UPDATE lineage.outbox SET next_attempt_at = now()")
          let environment = try AkerConfiguration(environment: try await workshop.workerEnvironment([:]))
          let sender = try #require(
            try environment.openLineageSender(workshop.database.configuration, logger: Logger(label: "test")))
          try await sender.sendWaiting()
          await sender.close()
          #expect(try await connection.query("SELECT FROM lineage.outbox WHERE delivered_at IS NULL").isEmpty)
          #expect(try await connection.query("SELECT FROM lineage.open_run").isEmpty)

          let received = lines().map { $0.split(separator: " ", maxSplits: 3).map(String.init) }
          #expect(received.allSatisfy { $0[0] == "/api/v1/lineage" && $0[1] == "Bearer" && $0[2] == "a-key" })
          let bodies = received.map { $0[3] }
          let judged = try await judge(bodies)
          // Two publications, one death, one failure.
          let counts = Dictionary(judged.types.map { ($0, 1) }, uniquingKeysWith: +)
          #expect(counts == ["START": 4, "COMPLETE": 2, "FAIL": 1, "ABORT": 1])
          let wanted: Set = [
            "ParentRunFacet", "NominalTimeRunFacet", "ProcessingEngineRunFacet", "ErrorMessageRunFacet",
            "JobTypeJobFacet", "SchemaDatasetFacet", "DatasourceDatasetFacet", "DatasetVersionDatasetFacet",
            "OutputStatisticsOutputDatasetFacet", "DataQualityAssertionsDatasetFacet",
            "OutputSubsetOutputDatasetFacet",
          ]
          #expect(Set(judged.facets).isSuperset(of: wanted), "\(judged.facets)")
          let events = try bodies.map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
          let runs = Dictionary(grouping: events, by: \.run.runId)
          #expect(runs.count == 4)
          for run in runs.values {
            let ordered = run.sorted { $0.eventTime < $1.eventTime }.map(\.eventType)
            #expect(ordered.count == 2 && ordered.first == "START", "\(ordered)")
          }
          #expect(bodies.contains { $0.contains("transform.sql:1:") && $0.contains("\"FAIL\"") })

          // The same runs, told from what lineage keeps.
          let exported = try await Program.run(
            Executable.aker, ["lineage", "export", "market_income", "--openlineage", "--years", "2011-2012"],
            environment: try await workshop.workerEnvironment(["AKER_MIGRATIONS_PATH": PackageRoot.migrations]))
          #expect(exported.exitCode == 0, "\(exported)")
          let exportedLines = exported.output.split(separator: "\n").map(String.init)
          #expect(try await judge(exportedLines).types == ["COMPLETE", "COMPLETE"])
          let exportedRuns = try exportedLines.map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
          #expect(
            Set(exportedRuns.map(\.run.runId)) == Set(events.filter { $0.eventType == "COMPLETE" }.map(\.run.runId)))
        }
      }
    }
  }

  @Test("an endpoint that is down or hangs slows no task, and its events wait")
  func slowsNothing() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        // Accepts connections, answers none.
        let socket = try await Program.start(
          "python3",
          [
            "-c",
            "import socket,sys,time\ns=socket.create_server(('127.0.0.1',0))\nopen(sys.argv[1],'w').write(f'{s.getsockname()[1]} ')\ntime.sleep(600)",
            workshop.directory + "/port",
          ])
        defer { socket.send(SIGKILL) }
        try await eventually(within: .seconds(60), "it listens") {
          Self.text(workshop.directory + "/port").hasSuffix(" ")
        }
        let port = Self.text(workshop.directory + "/port").filter(\.isNumber)
        for url in ["http://127.0.0.1:\(port)/events", "http://127.0.0.1:9"] {
          try await workshop.enqueue("market_income", 2012...2012, asOf: "2024-06", mode: "all", connection)
          let result = try await workshop.work(["AKER_OPENLINEAGE_URL": url])
          #expect(result.exitCode == 0, "\(result)")
        }
        #expect(try await connection.query("SELECT FROM lineage.publication").count == 2)
        let waiting = try await connection.query("SELECT delivered_at FROM lineage.outbox")
        #expect(waiting.count == 4)
        #expect(try waiting.allSatisfy { try $0.decode("delivered_at", as: String?.self) == nil })
      }
    }
  }
}
