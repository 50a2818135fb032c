import FoundationEssentials
import Postgres

/// Prints a value as JSON, indented, with its keys in order.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.dateEncodingStrategy = .iso8601
  Terminal.standardOutput.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
}

/// Prints a value as JSON on one line, for a stream of them.
func printJSONLine(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.dateEncodingStrategy = .iso8601
  Terminal.standardOutput.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
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
    let rows = try await connection.query(
      "SELECT coalesce(jsonb_pretty(jsonb_agg(to_jsonb(found))), '[]') AS json FROM (\(sql)) found", parameters)
    Terminal.standardOutput.write(try rows[0].decode("json", as: String.self) + "\n")
    return
  }
  let rows = try await connection.query("SELECT \(table) FROM (\(sql)) found", parameters)
  let terminal = Terminal.standardOutput
  terminal.write(
    rows.isEmpty
      ? whenEmpty + "\n"
      : Table(rows).rendered(Style(terminal), columns: terminal.columnLimit, unicode: Terminal.isUnicode))
}
