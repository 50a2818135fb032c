/// How an input file differs from the plain form of its format.
package struct InputOptions: Sendable, Equatable {
  /// The file of a zip (or tar) that is read: a name, or a glob such as `*.csv`. All that match are read, as one.
  package var member: String?
  /// Of a text that is not UTF-8, as iconv names it: `windows-1252`, `latin1`, `utf-16`.
  package var encoding: String?
  /// Lines before the header.
  package var skippedLineCount = 0
  /// Lines that the header takes: a column's name is what stands in them, one under the other, with a space between. 0 where
  /// there is none: columns are then the declared ones, in their order.
  package var headerRowCount = 1
  /// Between columns, in place of the format's own.
  package var delimiter: String?
  /// Whether quotes about a value are none of it; else a quote is a character like any other.
  package var isQuoted = true
  /// What a line begins with that is a remark and no row; nil where each line is one.
  package var comment: String?
  /// Lines at the end that have fewer columns than the header are notes, and left out.
  package var hasFooter = false
  /// Rows may end early; what they lack is NULL. Only without a header.
  package var isRagged = false
  /// Whether the last line ends as the others do. Of a server that does not say where a document ends, this says that it is whole.
  package var hasFinalNewline = true
  /// Where in a JSON document the array of objects is: `data.items`, or `features[*].attributes`.
  package var jsonPath: String?
  /// The sheet of a workbook; the first one unless told.
  package var sheet: String?
  /// What a value that is merged over several cells of a sheet means; nil where nobody said, and such a sheet is refused.
  package var merged: MergedCells?

  package enum MergedCells: String, Sendable, CaseIterable {
    /// It is the value of each of the cells.
    case each
    /// It is the first cell's, as the file keeps it, and the others have none.
    case first
  }

  /// What the shapes of a spatial format are.
  package var geometry = GeometryOptions()

  package init() {}

  /// Whether delimited text is never plain as it comes.
  package var needsTidying: Bool {
    var plain = InputOptions()
    plain.member = member
    plain.delimiter = delimiter
    plain.hasFinalNewline = hasFinalNewline
    if ["utf-8", "utf8"].contains(encoding?.lowercased()) { plain.encoding = encoding }
    return self != plain
  }
}
