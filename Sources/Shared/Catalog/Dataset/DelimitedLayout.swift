/// What a delimited text was found to be before it is read: nothing of it is guessed by the reader.
package struct DelimitedLayout: Sendable, Equatable {
  /// The header's cells as they stand, without space around them.
  package var cells: [String]
  package var delimiter: String
  /// Records after the header.
  package var rowCount: Int
  /// Whether a quoted value holds a line break.
  package var hasLineBreaks: Bool
  /// Bytes of the longest record.
  package var longestRow: Int

  package init(cells: [String], delimiter: String, rowCount: Int, hasLineBreaks: Bool, longestRow: Int) {
    self.cells = cells
    self.delimiter = delimiter
    self.rowCount = rowCount
    self.hasLineBreaks = hasLineBreaks
    self.longestRow = longestRow
  }

  /// The columns' names, each once.
  package var names: [String] { RequestColumns.names(cells) }
}
