/// What a request with `rows` is made for.
package struct SelectedRows: Sendable {
  /// A document for each, by column; NULLs are left out.
  package var rows: [[String: String]] = []
  /// CSV files to upload, in place of rows.
  package var files: [String] = []
}
