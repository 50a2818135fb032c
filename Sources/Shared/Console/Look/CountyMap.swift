package import Postgres

/// Figures of counties with their outlines: what a map is drawn of.
package struct CountyMap: Encodable, Sendable {
  /// Of an SVG of 960 by 660.
  package struct Box: Encodable, Sendable {
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double
  }

  package struct Place: Encodable, Sendable {
    package var geo_id: String
    /// Empty for one that the outlines lack.
    package var name: String
    /// Nil where the dataset has no figure for it.
    package var value: Double?
    /// Which of the classes that `breaks` divide, from 0; nil without a figure.
    package var group: Int?
    /// Of the dataset for this county; of more than one the first by key is shown.
    package var row_count: Int
    /// Nil for one that the picture leaves out.
    package var path: String?
  }

  package struct Border: Encodable, Sendable {
    package var state: String
    package var path: String
  }

  package var dataset: String
  package var title: String
  package var data_year: Int
  /// Of all vintages that the warehouse shows where it is nil.
  package var as_of: String?
  package var vintages: [String]
  package var measure: MapChoices.Measure
  package var measures: [MapChoices.Measure]
  package var choices: [MapChoices.Choice]
  /// Whose outlines these are; nil where none are drawn.
  package var outline_year: Int?
  /// Two digits; nil for the country.
  package var state: String?
  /// A county whose value is less than the first is of group 0, and so on: quantiles of those that are told.
  package var breaks: [Double]
  package var box: Box
  package var places: [Place]
  package var borders: [Border]

  /// So many shades are apart for all eyes.
  package static let groupCount = 5
  private static let wholeBox = Box(x: 0, y: 0, width: 960, height: 660)

  /// - Parameter state: two digits, for its counties alone, drawn larger.
  /// - Throws: what `MapChoices` throws.
  package static func read(
    _ choices: MapChoices, state: String?, _ connection: PostgresConnection
  ) async throws -> CountyMap {
    let level = state == nil ? 0 : 1
    let results = try await connection.pipeline([
      PostgresStatement(
        """
        SELECT coalesce(o.geo_id, f.geo_id) AS geo_id, coalesce(o.name, '') AS name, f.value,
          coalesce(f.row_count, 0) AS row_count, o.path, o.x_min, o.y_min, o.x_max, o.y_max
        FROM (SELECT * FROM warehouse.outline n
            WHERE n.set_id = (SELECT warehouse.outlines_of($2)) AND n.level = $7 AND length(n.geo_id) = 5) o
          FULL JOIN warehouse.map_figures($1, $2, $3, $4, $5::jsonb) f USING (geo_id)
        WHERE $6::text IS NULL OR left(coalesce(o.geo_id, f.geo_id), 2) = $6 ORDER BY 1
        """,
        [choices.dataset, choices.year, choices.measure.name, choices.asOf, choices.chosenJSON, state, level]),
      PostgresStatement(
        """
        SELECT geo_id, path FROM warehouse.outline WHERE set_id = (SELECT warehouse.outlines_of($1)) AND level = $2
          AND length(geo_id) = 2 AND path IS NOT NULL AND ($3::text IS NULL OR geo_id = $3) ORDER BY 1
        """, [choices.year, level, state]),
      PostgresStatement("SELECT warehouse.outline_year($1) AS year", [choices.year]),
    ])
    var box: (Double, Double, Double, Double)?
    var places: [Place] = try results[0].map { row in
      if let left = try row.decode("x_min", as: Double?.self), let top = try row.decode("y_min", as: Double?.self),
        let right = try row.decode("x_max", as: Double?.self), let bottom = try row.decode("y_max", as: Double?.self)
      {
        let known = box ?? (left, top, right, bottom)
        box = (min(known.0, left), min(known.1, top), max(known.2, right), max(known.3, bottom))
      }
      let value = try row.decode("value", as: Double?.self)
      return Place(
        geo_id: try row.decode("geo_id"), name: try row.decode("name"), value: value?.isFinite == true ? value : nil,
        row_count: try row.decode("row_count"), path: try row.text("path"))
    }
    let breaks = breaks(places.compactMap(\.value))
    for index in places.indices {
      places[index].group = places[index].value.map { value in breaks.count { $0 <= value } }
    }
    return CountyMap(
      dataset: choices.dataset, title: choices.title, data_year: choices.year, as_of: choices.asOf,
      vintages: choices.vintages, measure: choices.measure, measures: choices.measures, choices: choices.choices,
      outline_year: try results[2].first?.decode("year", as: Int?.self), state: state, breaks: breaks,
      box: state == nil ? wholeBox : box.map(around) ?? wholeBox, places: places,
      borders: try results[1].map { Border(state: try $0.decode("geo_id"), path: try $0.decode("path")) })
  }

  /// Values at which a class begins: as many counties in each as equal values allow.
  package static func breaks(_ values: [Double]) -> [Double] {
    let sorted = values.sorted()
    guard let least = sorted.first else { return [] }
    var breaks: [Double] = []
    for number in 1..<groupCount {
      let value = sorted[sorted.count * number / groupCount]
      if value > breaks.last ?? least { breaks.append(value) }
    }
    return breaks
  }

  /// With room for lines that lie on the edge.
  private static func around(_ box: (Double, Double, Double, Double)) -> Box {
    let room = max(box.2 - box.0, box.3 - box.1) * 0.02 + 0.1
    return Box(
      x: box.0 - room, y: box.1 - room, width: box.2 - box.0 + 2 * room, height: box.3 - box.1 + 2 * room)
  }
}
