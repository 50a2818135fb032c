import Engine
import FoundationEssentials
import Logging
import TestSupport
import Testing

@Suite("Extensions of DuckDB")
struct VerifiedExtensionTests {
  @Test("one that was found signed is loaded again as it is; once it is another file, it has to be signed again")
  func changed() async throws {
    let home = PackageRoot.path + "/.aker"
    let explicit = ProcessInfo.processInfo.environment["AKER_DUCKDB"]
    let installed = try await DuckDB.locate(explicit: explicit, home: home)
    let original = try #require(installed.extensions[.excel])
    let files = FileManager.default
    let folder = files.temporaryDirectory.path + "/aker-extensions-\(UUID().uuidString)"
    let file = "\(folder)/tools/duckdb-extensions/v\(installed.version)/excel.duckdb_extension"
    try files.createDirectory(
      atPath: "\(folder)/tools/duckdb-extensions/v\(installed.version)", withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: folder) }
    try files.copyItem(atPath: original, toPath: file)
    let duckdb = try await DuckDB.locate(explicit: installed.path, home: folder)
    let limits = EngineLimits(memoryBytes: 268_435_456, threads: 1, temporaryDirectory: folder + "/spill")
    let engine = Engine(duckdb, limits: limits, logger: Logger(label: "test"))
    var script = EngineScript()
    script.extensions = [.excel]
    script.add(
      "loaded", "SELECT excel_text(2.5, '0.00') AS text, current_setting('allow_unsigned_extensions') AS unsigned;")
    for _ in 1...2 {
      #expect(try await engine.run(script).text("loaded") == #"{"text":"2.50","unsigned":false}"#)
    }
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count / 2] ^= 1
    // Not in its place: the file may be mapped.
    try bytes.write(to: URL(filePath: file), options: .atomic)
    let failure = await #expect(throws: EngineFailure.self) { try await engine.run(script) }
    #expect("\(failure.map(String.init(describing:)) ?? "")".contains("signature"))
  }
}
