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
      throw Failure(.usage, error.message, advice: error.hint ?? error.detail)
    }
  }

  /// How many tasks of a target are in one of the states.
  static func count(
    _ target: Target, states: [String], errorClass: String? = nil, _ connection: PostgresConnection
  ) async throws -> Int {
    let condition: String
    let parameter: (any PostgresEncodable)?
    switch target {
    case .task(let id): (condition, parameter) = ("task_id = $2::bigint", id)
    case .backfill(let id, _): (condition, parameter) = ("backfill_id = $2::bigint", id)
    case .dataset(let name): (condition, parameter) = ("dataset = $2", name)
    case .source(let id): (condition, parameter) = ("$2 = ANY (source_ids)", id)
    case .queue: (condition, parameter) = ("$2::text IS NULL", nil)
    }
    var dataset: String?
    if case .backfill(_, let name) = target { dataset = name }
    let rows = try await connection.query(
      """
      SELECT count(*) AS count FROM queue.task WHERE state::text = ANY ($1) AND \(condition)
        AND ($3::text IS NULL OR dataset = $3) AND ($4::text IS NULL OR error_class = $4)
      """, [states, parameter, dataset, errorClass])
    return try rows[0].decode("count")
  }

  private struct Report: Encodable {
    var action: String
    var target: String
    var count: Int
  }

  static func report(_ action: String, _ target: Target, count: Int, unit: String, _ options: GlobalOptions) throws {
    if options.json {
      try printJSON(Report(action: action, target: target.description, count: count))
    } else {
      print("\(action) \(target.description): \(count) \(unit)")
    }
  }
}
