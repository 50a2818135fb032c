import ArgumentParser
import Base
import Settings
import Console
import FoundationEssentials
import Lake
import Pipeline
import Postgres

/// Brings the lake elsewhere.
struct LakeMoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "move",
    abstract: "Copy every file of the lake to another folder or bucket, and make that the database's lake.",
    discussion: """
      Each file is compared with what was published; the old lake stays as it is, and is refused from then on. It may be \
      repeated after an interruption. Stop all workers first, and start them with the new AKER_CACHE_PATH afterwards. The raw \
      cache stays where it is: documents are fetched again as they are needed.

      EXAMPLES
        aker lake move /srv/aker/cache
        aker lake move s3://warehouse/aker
      """)
  @Argument(help: "The new AKER_CACHE_PATH.") var to: String
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var location: String
    var files: Int
  }

  func run() async throws {
    let session = try await Session.open(options)
    let configuration = session.configuration
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    let from = try configuration.lake()
    let target = try AkerConfiguration(
      flags: [.cachePath: to, .home: configuration.home], environment: configuration.environment
    )
    let lake = try target.lake()
    guard lake.location != from.location else {
      throw Failure(.usage, "the lake is at \(from.location) already", advice: "Name another AKER_CACHE_PATH.")
    }
    try await LakeIdentity(from).require(connection)
    let living = try await WorkerLine.living(connection)
    guard living.isEmpty else {
      throw Failure(
        .transient,
        "workers are alive and may publish into the old lake: \(living.joined(separator: ", "))",
        advice: "Stop them first; aker workers lists them.")
    }
    let repaired = try await LakeRepair(from).finishCommitted(connection)
    for missing in repaired.missing { Terminal.standardError.write("lost \(missing.path): \(missing.command)\n") }
    try Confirmation.ask("This copies the lake from \(from.location) to \(lake.location).", yes: yes)
    let scratch = configuration.localCachePath + "/tmp/move-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let shows = !options.json && Terminal.standardError.isInteractive
    let count = try await LakeMove(from: from, to: lake, scratch: scratch).run(connection) { done, total in
      if shows { Terminal.standardError.write("\r\u{1B}[K\(done) of \(total.counted("file"))") }
    }
    if shows { Terminal.standardError.write("\r\u{1B}[K") }
    if options.json { return try printJSON(Report(location: lake.location, files: count)) }
    print("moved \(count.counted("file")) to \(lake.location)")
    print("now, for every worker and command: AKER_CACHE_PATH=\(target.cachePath)")
    print("the old lake at \(from.location) is refused from now on, and can be removed")
  }
}
