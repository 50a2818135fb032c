import FoundationEssentials
import TestSupport
import Testing

@testable import Catalog
@testable import Engine
@testable import Fetch
@testable import HTTP

/// Every parser of what a catalog says, what headers say, and what DuckDB says.
@Suite("What is written by hand, and headers", .whateverHappens(beyond: 20 * Int(Fuzzing.seconds)))
struct DefinitionFuzzTests {
  private static func files(_ folder: String, _ name: String) -> [String] {
    let root = PackageRoot.catalog + "/" + folder
    let folders = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
    return folders.compactMap { folder in
      FileManager.default.contents(atPath: "\(root)/\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test func datasets() throws {
    let corpus = Self.files("datasets", "dataset.yml")
    let tokens = [
      "&a ", "*a", "<<: *a", "- ", ": ", "{", "[", "|\n", ">-\n", "!!binary ", "'", "\"", "\t", "---\n", "{data_year}",
      "years: ",
    ]
    try Fuzzing.run("dataset.yml", corpus: corpus, tokens: tokens) { text in
      _ = DatasetSpec.read(datasetYAML: text, transformSQL: "SELECT 1")
    }
  }

  @Test func sources() throws {
    let sources = String(
      decoding: FileManager.default.contents(atPath: PackageRoot.catalog + "/sources.yml") ?? Data(), as: UTF8.self)
    let pieces = sources.components(cutBy: "\n  - ").dropFirst().map { "sources:\n  - " + $0 }
    try Fuzzing.run(
      "sources.yml", corpus: Array(pieces.prefix(20)),
      tokens: ["&a ", "*a", "endpoint: ", "file://", "s3://", "-1", "{", "["]
    ) { text in
      _ = try SourceRegistry([YAMLNode.parse(text, file: "sources.yml")])
    }
  }

  @Test func schedules() throws {
    let corpus = ["0 6 * * 1-5", "*/15 * * * *", "0 0 1,15 */2 *", "5-59/9 0-23/2 1 1 0"]
    try Fuzzing.run("cron", corpus: corpus, tokens: ["*", "/", "-", ",", "/0", "7", " "]) { text in
      _ = try CronSchedule(text)
    }
    try Fuzzing.run(
      "flows", corpus: ["flows:\n  - {name: a, datasets: [b], schedule: \"0 6 * * 1\", years: 2020-2021}\n"],
      tokens: ["- ", "{", "*a", "&a "]
    ) {
      _ = FlowDefinition.read($0, file: "flows.yml")
    }
  }

  @Test func sql() throws {
    let corpus = Self.files("datasets", "transform.sql")
    let tokens = [
      "'", "\"", "$$", "$a$", "/*", "*/", "--", ";", "(", ")", "::", "CAST(", " AS INTEGER)", "E'\\",
      "CREATE MACRO a() AS ",
    ]
    try Fuzzing.run("sql", corpus: corpus, tokens: tokens) { text in
      _ = SQLToken.read(text)
      _ = StrictCasts(text).sql
      _ = MacroFile.problem(in: text)
      _ = MacroFile.statements(in: text)
      _ = Placeholder.names(in: text)
    }
  }

  @Test func messages() throws {
    let corpus = [
      "Binder Error: Referenced column \"nope\" not found in FROM clause!\nCandidate bindings: \"county\"\n\nLINE 3:   nope AS b\n          ^\n",
      "Conversion Error: Could not convert string 'x' to INT64\n", "Out of Memory Error: failed to pin block",
    ]
    try Fuzzing.run("messages", corpus: corpus, tokens: ["LINE ", ":", "^", "...", "\n"]) { text in
      let message = EngineMessage(text)
      _ = message.causes
      _ = message.error(
        step: "s", exitCode: 1, linesBefore: 1, sql: "SELECT\n1\n nope AS b",
        EngineLimits(memoryBytes: 1, threads: 1, temporaryDirectory: "/tmp"))
      _ = UserQuery.readable(text)
    }
  }

  @Test func headers() throws {
    let corpus = [
      "120", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
      "bytes 0-99/1000", "bytes */5",
    ]
    try Fuzzing.run("headers", corpus: corpus, tokens: ["-", "/", ":", ",", " ", "GMT"]) { text in
      _ = ServerPause.retryAfter(text)
      _ = ServerPause.usedUp(["x-ratelimit-remaining": "0", "x-ratelimit-reset": text])
      _ = ContentRange(text)
      _ = Exchange.hostOf(text)
    }
  }

  /// Wherever a server leads, it is http, and no key goes along to another host.
  @Test func redirects() throws {
    var transfer = HTTPTransfer(url: "https://a.example/x", file: "/dev/null")
    transfer.secretHeaders = ["X-Key: s3cret"]
    transfer.credentials = "user:s3cret"
    let corpus = [
      "https://a.example/y", "https://b.example/", "http://a.example/", "//b.example/", "https://a.example@b.example/",
    ]
    let tokens = [
      "https://", "http://", "file://", "@", "\\", "/", "#", "?", ":443", "a.example", "a.example.", "%2f", "gopher://",
    ]
    try Fuzzing.run("redirects", corpus: corpus, tokens: tokens) { text in
      let next = try Exchange(transfer).redirected(to: text, status: 302)
      #expect(next.transfer.url.lowercased().hasPrefix("https://"), "\(text)")
      if Exchange.hostOf(text) != "https://a.example" {
        #expect(next.transfer.secretHeaders.isEmpty && next.transfer.credentials == nil, "\(text)")
      }
    }
  }
}

extension String {
  fileprivate func components(cutBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
