import Base
import Catalog
import Engine
import Fetch
import FoundationEssentials
import Glibc
import Lake
import Logging
@testable import Pipeline
import Synchronization
import TestSupport
import Testing

/// Documents that somebody removes from the cache while a partition is built of them: this host's fault, and not the
/// documents', whichever reader meets it.
@Suite("Lost documents", .whateverHappens)
struct LostDocumentTests {
  /// One document that is there when it was fetched.
  private final class OneInput: InputSource {
    let path: String
    let doubted = Mutex(0)

    init(_ path: String) { self.path = path }

    func fetch(
      _ requests: [DatasetRequest], for partition: Partition,
      rows: @Sendable (DatasetRequest) async throws -> SelectedRows
    ) async throws -> [FetchedInput] {
      requests.map {
        FetchedInput(
          requestName: $0.name, sourceID: "test_files", url: "/", status: 200, fetchedAt: Date(), sha256: "",
          byteCount: 1, cacheHit: false, path: path)
      }
    }

    func suspect(_ inputs: [FetchedInput]) async { doubted.withLock { $0 += 1 } }
  }

  @Test(
    "whichever reader misses it",
    arguments: [
      "format: csv, columns: [a]", #"format: csv, member: "*.csv", columns: [a]"#,
      #"format: csv, encoding: latin1, columns: [a]"#, "format: json, columns: [a]",
      "format: geojson, columns: [a]", "format: feed", "format: parquet", "format: shapefile", "format: xlsx",
      "format: lines", "format: ndjson, columns: [a]",
    ])
  func isTheHosts(_ fields: String) async throws {
    let folder = "/tmp/aker-lost-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let document = folder + "/document"
    try Data("a\n1\n".utf8).write(to: URL(filePath: document))
    let reading = FormatScene.reading(fields)
    let spec = try #require(reading.spec, "\(reading.problems.map(\.message))")
    let inputs = OneInput(document)
    var builder = PartitionBuilder(
      engine: Engine(
        try await Workshop.duckdb,
        limits: EngineLimits(memoryBytes: 256 << 20, threads: 1, temporaryDirectory: folder + "/spill"),
        logger: Logger(label: "tests")),
      lake: DiskLake(directory: folder + "/lake"), inputs: inputs, logger: Logger(label: "tests"))
    builder.didFetch = { _ in unlink(document) }
    var timer = StepTimer(nil)
    let error = await #expect(throws: FetchError.self) {
      _ = try await builder.build(
        Partition(dataset: "a", dataYear: 2020, asOf: "2021-01"), spec: spec, staging: "a", nil, &timer)
    }
    #expect(error?.errorClass == .transient && error?.mayBeHost == true, "\(error?.summary ?? "")")
    #expect(error?.summary.contains("\(document) was there and cannot be opened any more") == true)
    #expect(inputs.doubted.withLock { $0 } == 0)
  }
}
