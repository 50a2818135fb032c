internal import FoundationEssentials

/// A query that somebody else wrote: one SELECT, whatever its text says.
///
/// It is put between parentheses of our statement, to have errors point into the user's file. What says that nothing in
/// it closes these parentheses is DuckDB's own parser, which has read it alone before.
enum UserQuery {
  /// A statement that fails where `sql` is anything but one SELECT, and prints nothing where it is one.
  static func guardSQL(_ sql: String) -> String {
    """
    SET VARIABLE aker_parsed = (SELECT CASE \
    WHEN json_extract_string(parsed, '$.error') = 'true' THEN error(\(SQL.literal(mark)) || parsed) \
    WHEN json_array_length(parsed, '$.statements') <> 1 \
    THEN error(\(SQL.literal(mark)) || '{"count":' || json_array_length(parsed, '$.statements') || '}') ELSE true END\
     FROM (SELECT json_serialize_sql(\(SQL.literal(sql))) AS parsed));
    """
  }

  /// What the parser said about it.
  private struct Refusal: Decodable {
    var count: Int?
    var error_message: String?
    /// Bytes before the place, as text.
    var position: String?
  }

  /// The error that `guardSQL` made out of DuckDB's message; nil for every other message.
  static func error(in message: String, step: String, user: String) -> EngineError? {
    guard let start = message.firstRange(of: mark)?.upperBound else { return nil }
    let json = message[start...].prefix { !$0.isNewline }
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(json.utf8)) else { return nil }
    guard let text = refusal.error_message else {
      let count = refusal.count ?? 0
      return .sql(
        step: step,
        message: count == 0 ? "there is no SELECT" : "there are \(count) statements where one SELECT has to be",
        line: 1, column: 1)
    }
    if text.hasPrefix("Only SELECT") {
      return .sql(step: step, message: "this is no SELECT, and has to be one", line: 1, column: 1)
    }
    let offset = refusal.position.flatMap { Int($0) }
    let place = offset.map { Self.place(of: $0, in: user) }
    return .sql(step: step, message: "Parser Error: \(text)", line: place?.line, column: place?.column)
  }

  /// A message of DuckDB's, without what `guardSQL` put into it for us.
  static func readable(_ message: String) -> String {
    guard let start = message.firstRange(of: mark) else { return message }
    let json = message[start.upperBound...].prefix { !$0.isNewline }
    let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(json.utf8))
    return refusal?.error_message.map { "Parser Error: \($0)" } ?? ""
  }

  private static func place(of byteOffset: Int, in sql: String) -> (line: Int, column: Int) {
    let before = String(decoding: sql.utf8.prefix(max(0, byteOffset)), as: UTF8.self)
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    return (lines.count, (lines.last?.count ?? 0) + 1)
  }

  /// Starts what the parser said, within an error's message.
  private static let mark = "@@aker-parsed "
}
