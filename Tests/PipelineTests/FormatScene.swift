import Catalog
import Engine
import Fetch
import FoundationEssentials
import Logging
import Quality
import Testing
import TestSupport

private struct Header: Decodable {
  let file: String
  let columns: [String?]
}

/// One document of one request, prepared and read as a partition's build does it.
struct FormatScene {
  let folder: String
  /// Four: hundreds of inputs are read at once, each by a DuckDB.
  private static let turns = Turns(count: 4)

  static func open(_ body: (FormatScene) async throws -> Void) async throws {
    let folder = "/tmp/aker-format-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(FormatScene(folder: folder))
  }

  /// An archive that Python makes; `members` are statements about `z`.
  static func zip(_ members: String, _ path: String) async throws {
    let result = try await Program.run(
      "python3",
      [
        "-c", "import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n\(members)\nz.close()",
        path,
      ])
    try #require(result.exitCode == 0, "\(result)")
  }

  /// What a document was refused with.
  static func unreadable(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "no error"
    } catch let error as FetchError {
      return error.summary
    } catch { return "\(error)" }
  }

  func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    try Data(bytes).write(to: URL(filePath: folder + "/" + name))
    return folder + "/" + name
  }

  /// A request as dataset.yml writes it, without name, source and path.
  static func reading(_ fields: String) -> DatasetSpec.Reading {
    DatasetSpec.read(
      datasetYAML: """
        name: a
        title: A
        partitions: {years: 2000-}
        requests:
          - {name: rows, source: test_files, path: "/", \(fields)}
        columns: [{name: a, type: text, description: A.}]
        key: [a]
        """, transformSQL: "SELECT 1")
  }

  func request(_ fields: String) throws -> DatasetRequest {
    let reading = Self.reading(fields)
    #expect(reading.problems.map(\.message) == [])
    return try #require(reading.spec?.requests.first)
  }

  /// - Parameter recordsByteCount: JSON documents of so many bytes are read by their records.
  /// - Returns: what `sql` gives of `raw.rows`, a JSON object a row, and the drift of the header.
  func read(
    _ fields: String, _ path: String, _ sql: String, recordsByteCount: Int64 = 4 << 20,
    foldedByteCount: Int64 = 32 << 20,
    memoryBytes: Int = 512 << 20
  ) async throws -> (rows: [String], drift: [SchemaDrift]) {
    let request = try request(fields)
    let input = FetchedInput(
      requestName: "rows", sourceID: "test_files", url: "/", status: 200, fetchedAt: Date(), sha256: "", byteCount: 0,
      cacheHit: false, path: path)
    var preparation = InputPreparation(
      folder: folder + "/prepared-\(UUID().uuidString)", year: 2020, recordsByteCount: recordsByteCount,
      foldedByteCount: foldedByteCount)
    let prepared = try await preparation.prepare([input], for: [request])
    let documents = prepared.compactMap { input in
      input.path.map { InputView.Document(file: $0, layout: input.layout) }
    }
    let view = InputView(request: request, documents: documents, year: 2020)
    var script = EngineScript()
    script.extensions = [.spatial, .excel]
    BuildScript.addInputs(&script, views: [view], upstreams: [], year: 2020, region: "", asOf: "2021-01")
    script.add("rows", sql + ";")
    let engine = Engine(
      try await Workshop.duckdb,
      limits: EngineLimits(memoryBytes: memoryBytes, threads: 1, temporaryDirectory: folder + "/spill"),
      logger: Logger(label: "tests"))
    let ready = script
    func drifts(_ output: EngineOutput) throws -> [SchemaDrift] {
      let headers = try output.rows("headers", as: Header.self).map { header in
        (prepared.first { $0.path == header.file }?.name(request) ?? header.file, header.columns)
      }
      return request.columns(year: 2020).map {
        SchemaDrift.compare(request: request, declared: $0, documents: headers, year: 2020)
      } ?? []
    }
    var ran: EngineOutput?
    do {
      try await Self.turns.withTurn { ran = try await engine.run(ready) }
    } catch let failure as EngineFailure {
      // Columns that are gone are the reason, as they are to a build.
      let drift = try drifts(failure.output)
      if failure.refusedRecord == nil, drift.contains(where: \.isFailure) { return ([], drift) }
      throw failure
    }
    let output = try #require(ran)
    return (output.texts("rows"), try drifts(output))
  }
}
