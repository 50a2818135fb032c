internal import Catalog
internal import FoundationEssentials

/// A dataset made from a document's real columns: types, a key and a first set of checks, to be read and corrected by
/// whoever knows what the figures mean.
package struct DocumentScaffold: Sendable {
  private struct Column {
    var source: String
    var name: String
    var profile: ColumnProfile
  }

  private let name: String
  private let probe: DocumentProbe
  private let columns: [Column]
  private let year: Int
  private var key: [String] = []

  /// - Parameters:
  ///   - probe: with its columns.
  ///   - answer: what `DocumentProbe.profileSQL` found.
  ///   - year: whose document it is.
  package init(_ name: String, _ probe: DocumentProbe, profile answer: String, year: Int) throws {
    let profiles = try JSONDecoder().decode([ColumnProfile].self, from: Data(answer.utf8))
    guard profiles.count == probe.columns.count, let first = profiles.first, first.rows > 0 else {
      throw CatalogScaffold.Failure.noRows
    }
    self.name = name
    self.probe = probe
    self.year = year
    let names = Self.names(probe.columns)
    columns = zip(zip(probe.columns, names), profiles).map { Column(source: $0.0, name: $0.1, profile: $1) }
    // Codes first, then texts, then pairs of them: a figure that happens to differ in each row names nothing.
    let best = unique.first { $0.profile.isCode($0.name) } ?? unique.first { $0.profile.type($0.name) == .text }
    if let best { key = [best.name] }
    if pairsToAsk.isEmpty { takeWhole() }
  }

  private var unique: [Column] {
    columns.filter { $0.profile.isUnique && $0.profile.type($0.name) != .geometry }
  }

  /// Where nothing better is there: a number or a time that is another in each row.
  private mutating func takeWhole() {
    if key.isEmpty, let column = unique.first(where: Self.isWhole) { key = [column.name] }
  }

  private static func isWhole(_ column: Column) -> Bool {
    switch column.profile.type(column.name) {
    case .bigint, .date, .timestamp: true
    default: false
    }
  }

  /// Pairs of the document's columns that may name a row together; empty where one does alone.
  package var pairsToAsk: [(String, String)] {
    guard key.isEmpty else { return [] }
    let able = columns.filter {
      $0.profile.isFull && $0.profile.distinct > 1 && ($0.profile.type($0.name) == .text || Self.isWhole($0))
    }.prefix(Self.mostPaired)
    return able.indices.flatMap { first in able[(first + 1)...].map { (able[first].source, $0.source) } }
  }

  private static let mostPaired = 6

  package mutating func read(pairs answer: String) throws {
    let counts = try JSONDecoder().decode([Int].self, from: Data(answer.utf8))
    guard let rows = columns.first?.profile.rows, let index = counts.firstIndex(of: rows), index < pairsToAsk.count
    else { return takeWhole() }
    let pair = pairsToAsk[index]
    key = columns.filter { [pair.0, pair.1].contains($0.source) }.map(\.name)
  }

  // MARK: Files

  /// - Parameter asked: the address, with the year's number for a placeholder where it stands in it.
  package func datasetYAML(_ asked: DocumentAddress) -> String {
    var request = probe
    request.address = .init(sourceID: asked.sourceID, path: asked.path, query: asked.query)
    let rows = columns.first?.profile.rows ?? 0
    var checks = ["expect_table_row_count_to_be_between: {min_value: 1}"]
    if asked.namesYear, rows >= 10 {
      checks.append("expect_row_count_to_be_close_to_previous_year: {within: 0.5, severity: warn}")
    }
    if key.count == 1 { checks.append("expect_column_values_to_be_unique: {column: \(key[0])}") }
    if key.count > 1 {
      checks.append("expect_compound_columns_to_be_unique: {column_list: [\(key.joined(separator: ", "))]}")
    }
    checks += columns.flatMap { $0.profile.checks($0.name, isKey: key.contains($0.name)) }
    let declared = columns.map { column in
      let type = column.profile.type(column.name)
      let unit = type.isNumber ? ", unit: \"?\"" : ""
      let from = DocumentAddress.quoted("\(DocumentProbe.request).\(column.source)")
      return "  - {name: \(column.name), type: \(type)\(unit), "
        + "description: \(DocumentAddress.quoted("\(column.source), as the document has it.")), from: [\(from)]}"
    }
    let years =
      asked.namesYear
      ? "\(year)-                # from the first year that the source has"
      : "\(year)-\(year)           # its address names no year: put {data_year} into it, where it can be asked for by year"
    return """
      # Made from \(rows == 1 ? "one row" : "\(rows) rows"). Titles, descriptions, units ("?") and checks are guesses: correct them. docs/datasets.md tells what each field means.
      name: \(name)
      title: \(DocumentAddress.quoted(name.replacing("_", with: " ")))
      description: >-
        What a row stands for, where the figures come from, and what is odd about them.
      owner: data team

      partitions:
        years: \(years)

      requests:
      \(request.requestYAML)

      columns:
      \(declared.joined(separator: "\n"))

      \(key.isEmpty ? "# key: [...]                # no column, and no pair of columns, names a row" : "key: [\(key.joined(separator: ", "))]")

      checks:
      \(checks.map { "  - " + $0 }.joined(separator: "\n"))

      """
  }

  package var transformSQL: String {
    let lines = columns.map { column in
      let source = DocumentProbe.identifier(column.source)
      let expression = column.profile.expression(source, column.name)
      return expression == column.name ? "  \(expression)" : "  \(expression) AS \(column.name)"
    }
    return """
      -- DuckDB SQL: one SELECT. Partition: getvariable('data_year'), getvariable('region'), getvariable('as_of').
      SELECT
      \(lines.joined(separator: ",\n"))
      FROM raw.\(DocumentProbe.request)

      """
  }

  /// In words, for who asked for it.
  package var summary: String {
    let types = columns.map { "\($0.name) \($0.profile.type($0.name))" }.joined(separator: ", ")
    return key.isEmpty ? types : "\(types); key: \(key.joined(separator: ", "))"
  }

  // MARK: Names

  /// Columns that each table has by itself.
  private static let reserved: Set<String> = ["data_year", "region", "as_of"]

  /// Usable names, each once, in the order of the document's.
  static func names(_ sources: [String]) -> [String] {
    var taken = reserved
    return sources.enumerated().map { index, source in
      var name = source.replacing(/([a-z0-9])([A-Z])/) { "\($0.1)_\($0.2)" }.lowercased()
        .replacing(/[^a-z0-9]+/, with: "_")
      while name.hasPrefix("_") { name.removeFirst() }
      while name.hasSuffix("_") { name.removeLast() }
      if name.isEmpty { name = "column_\(index + 1)" }
      if name.first?.isLetter != true { name = "c_" + name }
      name = String(name.prefix(55))
      if reserved.contains(name) { name = "source_" + name }
      let free = [name] + (2...).lazy.prefix(10_000).map { "\(name)_\($0)" }
      let chosen = free.first { !taken.contains($0) } ?? name
      taken.insert(chosen)
      return chosen
    }
  }
}
