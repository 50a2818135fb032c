import ArgumentParser
import Base
import Lake
import Pipeline
import Postgres

/// Makes a folder or a bucket the database's lake.
struct LakeAdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Make what AKER_CACHE_PATH names the database's lake, after it lost its mark or was restored.",
    discussion: """
      A lake says which one it is in a small file, .aker-lake, and workers refuse one that is not the database's. After a \
      restore from a backup, or where that file was lost, this gives it a new id; every other folder is refused from then on. \
      A folder that was moved as a whole needs none of this. Stop all workers first.

      EXAMPLES
        aker lake adopt
        aker lake adopt --yes
      """)
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var location: String
    var present: Int
    var missing: [String]
  }

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    let lake = try session.configuration.lake()
    let identity = LakeIdentity(lake)
    let census = try await identity.census(connection)
    let total = census.present + census.missing.count
    let found =
      "\(census.present) of \(total.counted("published file")) \(census.present == 1 && total == 1 ? "is" : "are") here"
    let what = "This makes \(lake.location) the database's lake: \(found)."
    if census.missing.isEmpty {
      try Confirmation.ask(what, yes: yes)
    } else {
      try Confirmation.require(what, yes: yes)
    }
    try await identity.adopt(connection)
    if options.json {
      return try printJSON(Report(location: lake.location, present: census.present, missing: census.missing))
    }
    print("adopted \(lake.location): \(found)")
    if !census.missing.isEmpty { print("What is lost, and how it is rebuilt: aker lake repair") }
  }
}
