/// A column of a published table.
package struct DatasetColumn: Sendable, Equatable {
  package var name: String
  package var type: ColumnType
  /// Unit of measure: `USD`, `persons`, `0-100`. Nil for text and codes.
  package var unit: String?
  package var description: String
  /// `request.column` of the inputs it is made of, where the definition tells.
  package var sources: [String]
}
