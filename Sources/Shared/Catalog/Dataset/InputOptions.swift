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
  /// Lines at the end that have fewer columns than the header are notes, and left out.
  package var hasFooter = false
  /// Rows may end early; what they lack is NULL. Only without a header.
  package var isRagged = false
  /// Where in a JSON document the array of objects is: `data.items`, or `features[*].attributes`.
  package var jsonPath: String?
  /// The sheet of a workbook; the first one unless told.
  package var sheet: String?

  package init() {}

  /// Whether delimited text must be tidied up before DuckDB reads it.
  package var needsTidying: Bool {
    var plain = InputOptions()
    plain.member = member
    return self != plain
  }
}
