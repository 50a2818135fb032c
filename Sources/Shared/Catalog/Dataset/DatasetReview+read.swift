extension DatasetReview {
  /// ```yaml
  /// review:
  ///   row: event_id
  ///   waits: needs_review
  ///   confidence: confidence
  ///   shows: [company, jobs]
  ///   corrects: [{column: jobs, pattern: '^[0-9]+$'}, {column: state_code, beginning_of: geo_id, letters: 2}]
  /// ```
  static func read(_ node: DefinitionNode, columns: [DatasetColumn]) -> DatasetReview? {
    let fields = node.fields(known: ["row", "waits", "confidence", "shows", "corrects"])
    func column(_ node: DefinitionNode, _ types: [ColumnType]) -> String? {
      guard let name = node.text else { return nil }
      guard let column = columns.first(where: { $0.name == name }) else {
        node.error("column '\(name)' is not declared\(DatasetSpec.near(name, columns.map(\.name)))")
        return nil
      }
      guard types.isEmpty || types.contains(column.type) else {
        node.error(
          "column '\(name)' is \(column.type), and is to be \(types.map(\.description).joined(separator: " or "))")
        return nil
      }
      return name
    }
    for name in viewColumns where columns.contains(where: { $0.name == name }) {
      node.error("column '\(name)' has a name that the view of the reviewed rows adds")
    }
    guard let rowNode = fields["row"], let waitsNode = fields["waits"] else {
      node.error("a review says by which column rows are named (row), and which of them wait for a person (waits)")
      return nil
    }
    let corrections = (fields["corrects"]?.elements ?? []).compactMap { readCorrection($0, column) }
    for correction in corrections {
      guard let other = correction.beginning_of else { continue }
      if !corrections.contains(where: { $0.column == other }) {
        fields["corrects"]?.error("'\(correction.column)' is the beginning of '\(other)', which cannot be corrected")
      }
    }
    guard let row = column(rowNode, [.text]), let waits = column(waitsNode, [.boolean]) else { return nil }
    return DatasetReview(
      row: row, waits: waits, confidence: fields["confidence"].flatMap { column($0, [.double]) },
      shows: (fields["shows"]?.elements ?? []).compactMap { column($0, []) }, corrections: corrections)
  }

  private static func readCorrection(
    _ node: DefinitionNode, _ column: (DefinitionNode, [ColumnType]) -> String?
  ) -> Correction? {
    let fields = node.fields(known: ["column", "values", "pattern", "beginning_of", "letters"])
    guard let name = fields["column"].flatMap({ column($0, []) }) else {
      if fields["column"] == nil { node.error("a correction names its column") }
      return nil
    }
    let letters = fields["letters"]?.int
    if (fields["beginning_of"] == nil) != (letters == nil) || letters.map({ $0 < 1 }) == true {
      node.error("beginning_of and letters, of which there is at least one, go together")
    }
    return Correction(
      column: name, values: fields["values"]?.texts, pattern: fields["pattern"]?.text,
      beginning_of: fields["beginning_of"].flatMap { column($0, []) }, letters: letters)
  }
}
