import FoundationEssentials
import Postgres

/// Prints a value as JSON, indented, with its keys in order.
func printJSON(_ value: some Encodable) throws {
  let encoder = jsonEncoder([.prettyPrinted])
  // The encoder gives an empty list three lines. No text is met by this: a line break in one is written as \n.
  let text = String(decoding: try encoder.encode(value), as: UTF8.self).replacing(/\[\n\s*\]/, with: "[]")
  Terminal.standardOutput.write(text + "\n")
}

/// Prints a value as JSON on one line, for a stream of them.
func printJSONLine(_ value: some Encodable) throws {
  let encoder = jsonEncoder([])
  Terminal.standardOutput.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
}

/// As all of aker's JSON is: keys in snake_case and in order, times as RFC 3339.
private func jsonEncoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
  let encoder = JSONEncoder()
  encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.dateEncodingStrategy = .iso8601
  return encoder
}

/// Prints what a query finds: as a table, or as the JSON that Postgres makes of the same rows, so that names and types
/// are those of the documented view.
///
/// - Parameter table: what a person is shown of each row, as a list of SELECT: fewer columns, the longest last, since it is
///   cut to the terminal. All of them unless told.
func printQuery(
  _ connection: PostgresConnection, _ sql: String, _ parameters: [(any PostgresEncodable)?] = [], json: Bool,
  whenEmpty: String, table: String = "*"
) async throws {
  if json {
    let row = try await connection.one(
      "SELECT coalesce(jsonb_pretty(jsonb_agg(to_jsonb(found))), '[]') AS json FROM (\(sql)) found", parameters)
    Terminal.standardOutput.write(try row.decode("json", as: String.self) + "\n")
    return
  }
  let rows = try await connection.query("SELECT \(table) FROM (\(sql)) found", parameters)
  let terminal = Terminal.standardOutput
  terminal.write(
    rows.isEmpty
      ? whenEmpty + "\n"
      : Table(rows).rendered(Style(terminal), columns: terminal.columnLimit, unicode: Terminal.isUnicode))
}

/// Prints rows as a table that fits the terminal: the last column is cut to it.
func printTable(_ headings: [String], _ rows: [[String]], whenEmpty: String) {
  let terminal = Terminal.standardOutput
  terminal.write(
    rows.isEmpty
      ? whenEmpty + "\n"
      : Table(headings: headings, rows: rows)
        .rendered(Style(terminal), columns: terminal.columnLimit, unicode: Terminal.isUnicode))
}
