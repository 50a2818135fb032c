package import Postgres

/// What the operator's commands have in common: they call the queue's SQL functions, as anyone in psql can.
package enum OperatorAction {
  /// Calls a function that returns nothing or a count.
  ///
  /// - Throws: `Refusal` with the queue's own words for what it refused (SQLSTATE AK...).
  @discardableResult
  package static func call(
    _ function: String, _ parameters: [(any PostgresEncodable)?], _ connection: PostgresConnection
  ) async throws -> Int? {
    do {
      let rows = try await connection.query("SELECT \(function)::text AS result", parameters)
      return try rows.first?.decode("result", as: String?.self).flatMap { Int($0) }
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Refusal(.usage, error.message, advice: error.hint.map(asCommand) ?? error.detail)
    }
  }

  /// - Throws: `Refusal` for a vintage of the future, by the database's clock.
  package static func requirePast(_ asOf: String?, allowFuture: Bool, _ connection: PostgresConnection) async throws {
    _ = try await call("queue.require_vintage($1, $2)", [asOf, allowFuture], connection)
  }

  /// What the queue advises whoever calls its functions in psql, for whoever calls them by a command.
  private static func asCommand(_ hint: String) -> String {
    hint.replacing(/SELECT queue\.retry_task\(([0-9]+)\)/) { "First: aker retry --task \($0.1)" }
      .replacing("with mode => 'failed'", with: "by aker backfill with --only failed")
  }

  /// The same for each of many tasks, one by one; what moved on meanwhile is left alone.
  ///
  /// - Returns: how many tasks it was done to.
  package static func callEach(
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
}
