/// `quirks.json` of a layer: how its server differs from the manual.
struct ArcGISQuirks: Sendable {
  enum FlagPlace: String, Sendable {
    /// Beside `features`.
    case top
    /// Under `properties`.
    case properties
    case both
    /// Old servers do not say whether there is more.
    case none
  }

  /// Records that take up room in pages without being answered: pages come out short, or empty, and there is more.
  struct Hole: Sendable {
    /// The index of the record that follows it.
    var before: Int
    var count: Int
  }

  /// `"cap"`: the most records of a page, whatever `maxRecordCount` says.
  var cap: Int?
  /// `"ignores_count"`: `returnCountOnly` gets a page of features, as in Cook County.
  var ignoresCount = false
  /// `"flag"`: where exceededTransferLimit is; top for json, properties for geojson, unless told.
  var flag: FlagPlace?
  /// `"holes": [{"before": 100, "count": 50}]`.
  var holes: [Hole] = []

  init(_ value: JSONValue) throws {
    var parameters = try FaultParameters(value)
    cap = try parameters.integer("cap", in: 1...1_000_000)
    ignoresCount = try parameters.flag("ignores_count") ?? false
    flag = try parameters.text("flag").map { text in
      guard let place = FlagPlace(rawValue: text) else { throw FaultError("flag: top, properties, both or none") }
      return place
    }
    for hole in try parameters.objects("holes") ?? [] {
      var members = try FaultParameters(hole)
      guard let before = try members.integer("before"), let count = try members.integer("count") else {
        throw FaultError("holes: before and count expected")
      }
      try members.finish()
      holes.append(Hole(before: before, count: count))
    }
    try parameters.finish()
  }
}
