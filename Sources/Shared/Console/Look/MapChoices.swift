package import Base
package import Postgres

/// Which figures of a dataset a map shows: what was chosen, and what could be.
package struct MapChoices: Sendable {
  package struct Measure: Encodable, Sendable {
    package var name: String
    package var type: String
    package var unit: String?
    package var description: String
  }

  /// Of several rows of a county, those that have this.
  package struct Choice: Encodable, Sendable {
    package var name: String
    package var description: String
    /// As some counties have it.
    package var values: [String]
    package var chosen: String
  }

  package var dataset: String
  package var title: String
  package var year: Int
  package var asOf: String?
  package var vintages: [String]
  package var measure: Measure
  package var measures: [Measure]
  package var choices: [Choice]
  /// Of the key, but for the county.
  private var chosen: [String: JSONValue]

  /// For `warehouse.map_figures`.
  package var chosenJSON: String { JSONValue.object(chosen).json }

  /// - Parameters:
  ///   - measure: the first unless told.
  ///   - chosen: by column of the key; what it does not name is chosen here.
  /// - Throws: `Refusal` for a dataset, a year or a vintage that the warehouse does not show, `PostgresError` AK003, AK005.
  package static func read(
    _ dataset: String, _ year: Int, measure: String?, asOf: String?, chosen: [String: JSONValue],
    _ connection: PostgresConnection
  ) async throws -> MapChoices {
    _ = try await connection.query("SELECT warehouse.require_map($1, $2)", [dataset, year])
    let results = try await connection.pipeline([
      PostgresStatement("SELECT * FROM warehouse.map_measures($1)", [dataset]),
      PostgresStatement("SELECT * FROM warehouse.map_choices($1, $2)", [dataset, year]),
      PostgresStatement(
        """
        SELECT DISTINCT p.as_of, d.title FROM warehouse.partition p JOIN catalog.dataset d ON d.name = p.dataset
        WHERE p.dataset = $1 AND p.data_year = $2 AND p.publication_id IS NOT NULL ORDER BY p.as_of DESC
        """, [dataset, year]),
    ])
    let vintages: [String] = try results[2].map { try $0.decode("as_of") }
    if let asOf, !vintages.contains(asOf) {
      throw Refusal(
        .missing,
        "the warehouse does not show vintage \(asOf) of \(dataset) \(year); it shows \(vintages.joined(separator: ", "))",
        advice:
          "aker lake history \(dataset) \(year) lists the publications whose files the lake keeps; "
          + "aker lake rollback \(dataset) \(year) --to PUBLICATION shows one of them again.")
    }
    let columns = try results[0].map { row in
      (
        Measure(
          name: try row.decode("name"), type: try row.decode("type"), unit: try row.text("unit"),
          description: try row.text("description") ?? ""), try row.decode("is_dimension", as: Bool.self)
      )
    }
    let measures = columns.filter { !$0.1 }.map(\.0)
    guard let first = measures.first else {
      throw Refusal(.missing, "\(dataset) has no figures that a map could show")
    }
    let shown =
      try measures.first { $0.name == measure ?? first.name } ?? { throw noMeasure(measure, measures, dataset) }()
    var values: [String: [String]] = [:]
    for row in results[1] { values[try row.decode("name"), default: []].append(try row.decode("value")) }
    var chosen = chosen
    let choices: [Choice] = columns.filter(\.1).compactMap { column, _ in
      guard var known = values[column.name] else { return nil }
      // The total or the first by name; of moments the last.
      let usual = ["date", "timestamp"].contains(column.type) ? known.last : known.first
      let value = chosen[column.name]?.text ?? usual ?? ""
      chosen[column.name] = .string(value)
      if !known.contains(value) { known.append(value) }
      return Choice(name: column.name, description: column.description, values: known, chosen: value)
    }
    return MapChoices(
      dataset: dataset, title: try results[2].first?.decode("title") ?? dataset, year: year, asOf: asOf,
      vintages: vintages, measure: shown, measures: measures, choices: choices, chosen: chosen)
  }

  private static func noMeasure(_ name: String?, _ measures: [Measure], _ dataset: String) -> Refusal {
    Refusal(
      .missing, "\(dataset) has no measure '\(OutsideText.line(name ?? ""))'",
      advice: "There are \(measures.map(\.name).joined(separator: ", ")).")
  }
}
