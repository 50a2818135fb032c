import ArgumentParser
import Base
import Console
import Glibc
import Postgres

/// One person's decision about one row, as all commands that decide take it.
struct ReviewDecisionOptions: ParsableArguments {
  @Argument(help: "The dataset, whose definition has a review.") var dataset: String
  @Argument(help: "The row's name, or so many of its first letters as tell it from others.") var row: String
  @Option(help: "Why; kept with the decision.") var reason: String
  @Option(help: ArgumentHelp("Who decides; your login name unless told.", valueName: "name")) var by: String?
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var decision: String
    var dataset: String
    var row: String
    var decision_id: Int64
  }

  /// - Parameter changes: what is right, by column; nil for no value.
  func record(_ decision: String, _ changes: [String: String?] = [:]) async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    let decided = try await Review.decide(
      decision, dataset, row, reason: reason, by: try by ?? Self.login(), changes: changes, connection)
    if options.json {
      return try printJSON(
        Report(decision: decision, dataset: dataset, row: decided.row, decision_id: decided.decisionID))
    }
    print("\(decision): \(dataset) \(decided.row); aker review decisions lists all")
  }

  /// The operating system's name of who runs this, which the environment cannot change.
  private static func login() throws -> String {
    guard let entry = getpwuid(getuid()) else {
      throw Failure(.usage, "this user has no name", advice: "Say who decides: --by NAME")
    }
    return String(cString: entry.pointee.pw_name)
  }
}
