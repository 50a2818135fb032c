import Postgres

/// What the operator's commands have in common: they call the queue's SQL functions, as anyone in psql can.
enum OperatorAction {
  /// Calls a function that returns nothing or a count.
  ///
  /// - Throws: `Failure` with the queue's own words for what it refused (SQLSTATE AK...).
  @discardableResult
  static func call(
    _ function: String, _ parameters: [(any PostgresEncodable)?], _ connection: PostgresConnection
  ) async throws -> Int? {
    do {
      let rows = try await connection.query("SELECT \(function)::text AS result", parameters)
      return try rows.first?.decode("result", as: String?.self).flatMap { Int($0) }
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Failure(.usage, error.message, advice: error.hint.map(asCommand) ?? error.detail)
    }
  }

  /// What the queue advises whoever calls its functions in psql, for whoever calls them by a command.
  private static func asCommand(_ hint: String) -> String {
    hint.replacing(/SELECT queue\.retry_task\(([0-9]+)\)/) { "First: aker retry --task \($0.1)" }
      .replacing("with mode => 'failed'", with: "by aker backfill with --only failed")
  }

  /// The same for each of many tasks, one by one; what moved on meanwhile is left alone.
  ///
  /// - Returns: how many tasks it was done to.
  static func callEach(
    _ tasks: [Int64], _ function: String, _ parameters: [(any PostgresEncodable)?] = [],
    _ connection: PostgresConnection
  ) async throws -> Int {
    var count = 0
    for task in tasks {
      do {
        let rows = try await connection.query("SELECT \(function)::text AS result", [task] + parameters)
        // Functions that return nothing did it to one.
        count += try rows.first?.decode("result", as: String?.self).flatMap { Int($0) } ?? 1
      } catch let error as PostgresError where error.sqlState == wrongState {
        continue
      }
    }
    return count
  }

  /// AK006: it ended, was taken along by another's retry, or another backfill builds it.
  private static let wrongState = "AK006"

  /// Says what is about to happen to how many tasks, before it does.
  static func announce(_ text: String) {
    Terminal.standardError.write(text + "\n")
  }

  private struct Report: Encodable {
    var action: String
    var target: String
    var count: Int
  }

  static func report(_ action: String, _ target: Target, count: Int, _ outcome: String, _ options: GlobalOptions) throws
  {
    if options.json {
      try printJSON(Report(action: action, target: target.description, count: count))
    } else {
      print("\(action) \(target.description): \(outcome)")
    }
  }
}
