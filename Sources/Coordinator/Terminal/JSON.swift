import Console
import FoundationEssentials

/// Prints a value as JSON, indented, with its keys in order.
func printJSON(_ value: some Encodable) throws {
  let encoder = AkerJSON.encoder([.prettyPrinted])
  // The encoder gives an empty list three lines. No text is met by this: a line break in one is written as \n.
  let text = String(decoding: try encoder.encode(value), as: UTF8.self).replacing(/\[\n\s*\]/, with: "[]")
  Terminal.standardOutput.write(text + "\n")
}

/// Prints a value as JSON on one line, for a stream of them.
func printJSONLine(_ value: some Encodable) throws {
  let encoder = AkerJSON.encoder([])
  Terminal.standardOutput.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
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
