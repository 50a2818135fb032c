import ArgumentParser
import FoundationEssentials
import Glibc
import Postgres

/// One person's decision about one event, as all commands that decide take it.
struct ExpansionDecision: ParsableArguments {
  @Argument(help: "The event's id, or so many of its first digits as tell it from others.") var event: String
  @Option(help: "Why; kept with the decision.") var reason: String
  @Option(help: ArgumentHelp("Who decides; your login name unless told.", valueName: "name")) var by: String?
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var decision: String
    var event_id: String
    var decision_id: Int64
  }

  /// - Parameter changes: what is right, by the column's name; the word `none` stands for no value.
  /// - Throws: `Failure` with the database's own words for what it refuses.
  func record(_ decision: String, _ changes: [String: String] = [:]) async throws {
    let connection = try await ExpansionsCommand.connect(options)
    let json = String(
      decoding: try JSONEncoder().encode(changes.mapValues { $0 == "none" ? nil : $0 }), as: UTF8.self)
    do {
      let row = try await connection.one(
        """
        SELECT review.find_expansion($1) AS event_id, review.decide_expansion($1, $2, $3, $4, $5::jsonb) AS decision_id
        """, [event, decision, reason, try by ?? Self.login(), json])
      let report = Report(
        decision: decision, event_id: try row.decode("event_id"), decision_id: try row.decode("decision_id"))
      if options.json { return try printJSON(report) }
      print("\(decision): event \(report.event_id); aker expansions decisions lists all")
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Failure(.usage, error.message, advice: error.hint ?? error.detail)
    }
  }

  /// The operating system's name of who runs this, which the environment cannot change.
  private static func login() throws -> String {
    guard let entry = getpwuid(getuid()) else {
      throw Failure(.usage, "this user has no name", advice: "Say who decides: --by NAME")
    }
    return String(cString: entry.pointee.pw_name)
  }
}
