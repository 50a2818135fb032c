internal import Base
internal import Console
internal import HTTPTypes
internal import Postgres

/// Counties by their figures.
extension Operations {
  private static let chosen = [
    parameter("measure", .string(), "Which column; the first unless told."),
    parameter(
      "as_of", .month, "Rows of this vintage; of all that the warehouse shows unless told."),
    parameter(
      "where", .map(.string()),
      #"Of several rows of a county, those with these keys: {"hazard": "flood"}. What it does not name is chosen, and told."#
    ),
  ]
  private static let measure = Schema.fields("name:str type:str unit:str? description:str")

  static let maps: [Operation] = [
    .question(
      "listMaps", "/maps", "Datasets with figures of counties that the warehouse shows, their years and vintages.",
      commands: [],
      answer: .list(
        .fields("dataset:str title:str", [("years", .list(.fields("data_year:int vintages:strs")))]))
    ) { try Reply(try await MappedDataset.list($0.connection)) },
    .question(
      "getMap", "/maps/{dataset}/{year}",
      "A measure of counties: each with its figure, its quantile class and its outline as an SVG path (960 by 660).",
      commands: [],
      query: chosen + [parameter("state", .string(pattern: "^[0-9]{2}$"), "Of this state alone, drawn larger: 39.")],
      answer: .fields(
        "dataset:str title:str data_year:int as_of:str? vintages:strs outline_year:int? state:str?",
        [
          ("measure", measure), ("measures", .list(measure)),
          ("choices", .list(.fields("name:str description:str values:strs chosen:str"))),
          ("breaks", .list(.number)), ("box", .fields("x:num y:num width:num height:num")),
          ("places", .list(.fields("geo_id:str name:str value:num? group:int? row_count:int path:str?"))),
          ("borders", .list(.fields("state:str path:str"))),
        ])
    ) { exchange in
      let choices = try await choices(exchange)
      let tag = try await tag(exchange)
      if exchange.isKnown(tag) { return Reply(bytes: nil, tag: tag, keptSeconds: 0) }
      var reply = try Reply(
        try await CountyMap.read(choices, state: exchange.text("state"), exchange.connection))
      reply.tagged = tag
      return reply
    },
    tile,
  ]

  private static let tile: Operation = {
    var operation = Operation.question(
      "getTile", "/tiles/{dataset}/{year}/{z}/{x}/{y}.mvt",
      "A vector tile of counties (layer counties: geo_id, name, value) for MapLibre and QGIS, zooms 0 to \(CountyTile.mostZoom).",
      commands: [], query: chosen, answer: .string()
    ) { exchange in
      let (z, x, y) = (exchange.number("z") ?? 0, exchange.number("x") ?? 0, exchange.number("y") ?? 0)
      guard max(x, y) < 1 << z else {
        throw Problem(
          .notFound, "there is no tile \(z)/\(x)/\(y)", hint: "At zoom \(z), x and y are from 0 to \((1 << z) - 1).")
      }
      let tag = try await tag(exchange)
      if exchange.isKnown(tag) { return Reply(bytes: nil, tag: tag, keptSeconds: CountyTile.keptSeconds) }
      let choices = try await choices(exchange)
      let row = try await exchange.connection.one(
        "SELECT warehouse.map_tile($1, $2, $3, $4, $5, $6, $7, $8::jsonb) AS tile",
        [choices.dataset, choices.year, z, x, y, choices.measure.name, choices.asOf, choices.chosenJSON])
      let tile = try row.decode("tile", as: PostgresBytes?.self)
      return Reply(bytes: tile?.bytes ?? [], tag: tag, keptSeconds: CountyTile.keptSeconds)
    }
    operation.media = "application/vnd.mapbox-vector-tile"
    operation.isAtRoot = true
    return operation
  }()

  private static func choices(_ exchange: Exchange) async throws -> MapChoices {
    var chosen: [String: JSONValue] = [:]
    if case .object(let members)? = exchange.values["where"] { chosen = members }
    return try await MapChoices.read(
      exchange.text("dataset") ?? "", exchange.number("year") ?? 0, measure: exchange.text("measure"),
      asOf: exchange.text("as_of"), chosen: chosen, exchange.connection)
  }

  /// Of what was asked, and of all that the answer is made of.
  private static func tag(_ exchange: Exchange) async throws -> String {
    let row = try await exchange.connection.one(
      "SELECT warehouse.map_mark($1, $2) AS mark", [exchange.text("dataset") ?? "", exchange.number("year") ?? 0])
    let asked = exchange.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.json)" }
    return ([try row.decode("mark")] + asked).joined(separator: "\n")
  }
}
