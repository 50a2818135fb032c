/// The columns that an input is declared to have in a range of years.
package struct RequestColumns: Sendable, Equatable {
  package var firstYear: Int?
  package var lastYear: Int?
  package var names: [String]
  /// Columns to be read as a number, for the check that they still hold numbers: `retyped` in a drift.
  package var types: [String: RawType] = [:]
  /// Names in the file that differ from the names declared: declared name to name in the file.
  package var sourceNames: [String: String] = [:]
  /// Further names that a column may have instead, where files of one year come in one or the other layout.
  package var otherNames: [String: [String]] = [:]
  /// Columns that stand for all whose name matches, such as a column a month: declared name to regular expression. In the
  /// view it is one column, a map of names to values.
  package var patterns: [String: String] = [:]

  /// Declared names that not every file has: NULL where it is absent, and no drift.
  package var optionalNames: Set<String> = []
  /// Of fixed width: from which to which character of the line, the first being 1.
  package var positions: [String: ClosedRange<Int>] = [:]

  package enum RawType: String, Sendable, CaseIterable {
    case text, integer, number, date
  }

  package func contains(_ year: Int) -> Bool {
    firstYear.map { year >= $0 } ?? true && lastYear.map { year <= $0 } ?? true
  }

  /// The column's name in the file; the first of them, where it may have several.
  package func sourceName(_ name: String) -> String { sourceNames[name] ?? name }

  /// All names that the column may have in the file, one as a rule.
  package func possibleNames(_ name: String) -> [String] { [sourceName(name)] + (otherNames[name] ?? []) }
}
