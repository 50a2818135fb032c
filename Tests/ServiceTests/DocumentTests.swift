import Base
import FoundationEssentials
import TestSupport
import Testing
import WebService

/// The document, the routes and the commands are of one piece.
@Suite(.database)
struct DocumentTests {
  private static let file = PackageRoot.path + "/docs/api/openapi.json"

  @Test func theDocumentInDocsIsTheOneThatIsServed() async throws {
    let kept = String(decoding: FileManager.default.contents(atPath: Self.file) ?? Data(), as: UTF8.self)
    let made = OpenAPI.document(version: "0.1.0")
    if ProcessInfo.processInfo.environment["AKER_WRITE_OPENAPI"] == "1" {
      try Data(made.utf8).write(to: URL(filePath: Self.file))
    }
    #expect(kept == made, "docs/api/openapi.json is another: make api writes it")
    try await ServiceScene.serving { scene in
      let served = try await scene.get("/openapi.json")
      #expect(served.json.at("paths") == JSONValue(parsing: made).at("paths"))
    }
  }

  /// Every path of the document is served, and nothing else is.
  @Test func everyPathOfTheDocumentIsServed() async throws {
    guard case .object(let paths)? = JSONValue(parsing: OpenAPI.document(version: "x")).at("paths") else {
      throw TestFailure("no paths")
    }
    try await ServiceScene.serving(AccessRules(anonymous: nil)) { scene in
      for (path, methods) in paths.sorted(by: { $0.key < $1.key }) {
        guard case .object(let members) = methods else { continue }
        let asked = path.replacing(#/\{[a-z]+\}/#, with: "1")
        for method in ["get", "post", "put", "delete", "patch"] {
          let status = try await scene.ask(method.uppercased(), asked).status
          // Known: it asks who one is. Unknown: it says so.
          #expect(status == (members[method] != nil ? 401 : 405), "\(method) \(path): \(status)")
          if members[method] != nil, path == "/api/v1/tasks" { #expect(status == 401) }
          if status == 429 { return }
        }
      }
    }
  }

  @Test func whatIsAnsweredIsAsTheDocumentSays() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: .admin)) { scene in
      try await scene.enqueue(years: 2001...2005)
      try await scene.failAll("data")
      try await scene.enqueue("jobs")
      let file = "/tmp/aker-openapi-\(UUID().uuidString).json"
      defer { try? FileManager.default.removeItem(atPath: file) }
      var answers: [String] = []
      for path in [
        "/status", "/overview", "/backfills", "/backfills/{backfill}", "/tasks", "/tasks/{task}", "/tasks/{task}/why",
        "/workers", "/warnings", "/sources", "/flows", "/lake", "/review", "/review/decisions", "/alerts", "/tokens",
        "/audit", "/batches", "/grid", "/catalog", "/maps", "/backfills/{backfill}/detail",
        "/relations",
      ] {
        let answer = try await scene.get("/api/v1" + path.replacing(#/\{[a-z]+\}/#, with: "1"))
        #expect(answer.status == 200, "\(path): \(answer)")
        answers.append("[\(JSONValue.string("/api/v1" + path).json), \(answer.body)]")
      }
      try Data("[\(answers.joined(separator: ","))]".utf8).write(to: URL(filePath: file))
      // A validator that is not ours.
      let script = """
        import json, sys
        from jsonschema import Draft202012Validator
        document = json.load(open(sys.argv[1]))
        wrong = 0
        for path, answer in json.load(open(sys.argv[2])):
            schema = document['paths'][path]['get']['responses']['200']['content']['application/json']['schema']
            for error in Draft202012Validator(schema).iter_errors(answer):
                print(path, list(error.absolute_path), error.message[:300])
                wrong += 1
        sys.exit(wrong > 0)
        """
      let document = file + ".document"
      try Data(OpenAPI.document(version: "x").utf8).write(to: URL(filePath: document))
      defer { try? FileManager.default.removeItem(atPath: document) }
      let result = try await Program.run(
        "python3", ["-c", script, document, file], environment: ["PYTHONPATH": PythonProgram.folder("jsonschema")])
      #expect(result.exitCode == 0, "\(result)")
    }
  }
}
