/// How a source hands out an answer in pages, and how it says that there is more.
package struct RequestPages: Sendable, Equatable {
  package enum Style: String, Sendable, CaseIterable {
    /// `resultOffset` and `resultRecordCount`; more while `exceededTransferLimit` is true, wherever it is.
    case arcgis
    /// Pages are numbered.
    case page
    /// Rows are numbered from 0.
    case offset
    /// Each page names the next one.
    case cursor
  }

  package var style: Style
  /// The query's parameter that says which page.
  package var parameter: String
  /// The number of the first page.
  package var first = 1
  /// The query's parameter that says how many rows a page may have, and how many are asked for.
  package var sizeParameter: String?
  package var size: Int?
  /// Dotted path of the list of rows; empty where the document itself is the list.
  package var rows = ""
  /// Dotted path of the next page's cursor, or address.
  package var next: String?
  /// Dotted path of a flag that says whether there is more. Without it a page without rows is the last one.
  package var more: String?
  /// Dotted path of the number of all rows.
  package var total: String?
}
