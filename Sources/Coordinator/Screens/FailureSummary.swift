import Postgres
import Base

/// Below a list of tasks: why the failed ones failed, in full and each reason once, and the commands that come next. A
/// table has no room for reasons.
struct FailureSummary {
  private struct Group {
    var dataset: String
    var errorClass: String
    var count: Int
    var reason: String
    var task: Int64
  }

  private let groups: [Group]
  /// Nil where they are of several.
  private let backfill: Int64?

  /// - Parameters:
  ///   - tasks: a query of `queue.task`'s columns.
  static func read(
    _ tasks: String, _ parameters: [(any PostgresEncodable)?], _ connection: PostgresConnection
  ) async throws -> FailureSummary {
    let rows = try await connection.query(
      """
      SELECT dataset, error_class, count(*) AS count, (array_agg(reason ORDER BY task_id))[1] AS reason, min(task_id) AS task_id,
        min(min(backfill_id)) OVER () AS first_backfill, max(max(backfill_id)) OVER () AS last_backfill
      FROM (\(tasks)) found WHERE state = 'failed'
      GROUP BY dataset, error_class, regexp_replace(reason, '[0-9]+', '#', 'g') ORDER BY count(*) DESC, min(task_id)
      """, parameters)
    let groups = try rows.map { row in
      Group(
        dataset: try row.decode("dataset"), errorClass: try row.text("error_class") ?? "",
        count: try row.decode("count"), reason: try row.text("reason") ?? "", task: try row.decode("task_id"))
    }
    let first = try rows.first?.decode("first_backfill", as: Int64.self)
    let last = try rows.first?.decode("last_backfill", as: Int64.self)
    return FailureSummary(groups: groups, backfill: first == last ? first : nil)
  }

  /// More reasons than this are read one by one.
  private static let mostGroups = 8

  /// Empty where none failed.
  func rendered(columns: Int, style: Style) -> String {
    guard let example = groups.first else { return "" }
    var lines = ["", style.bold("why")]
    for group in groups.prefix(Self.mostGroups) {
      let count = group.count == 1 ? "" : ", \(group.count.counted("task"))"
      let text = "\(group.dataset)\(count): \(group.errorClass): \(group.reason)"
      lines += Wrapped.lines(text, columns: max(40, columns - 2)).map { "  " + style.red($0) }
    }
    if groups.count > Self.mostGroups {
      lines.append("  and \((groups.count - Self.mostGroups).counted("more reason"))")
    }
    lines += [
      "", style.bold("next"), "  the whole story of one, with its causes and what to do: aker task \(example.task)",
    ]
    let target = backfill.map { "--backfill \($0)" } ?? "--task \(example.task)"
    lines.append("  when the cause is gone: aker retry \(target)")
    return lines.joined(separator: "\n") + "\n"
  }
}
