/// One recorded series.
struct BLSSeries: Sendable {
  struct Value: Sendable {
    var year: Int
    /// `M01`…`M13`, `Q01`, `S01`, `A01`.
    var period: String
    /// As it was published; `-` where nothing was collected.
    var value: String
    /// One letter each: `P`, `R`.
    var footnotes: String
  }

  /// Newest first.
  var values: [Value]

  init(_ values: [Value]) {
    self.values = values.sorted { ($1.year, $1.period) < ($0.year, $0.period) }
  }

  static func empty(_ name: String) -> JSONValue {
    ["seriesID": .string(name), "data": []]
  }

  func answer(name: String, query: BLSQuery, messages: inout [String]) -> JSONValue {
    // Without years, the last three are answered.
    let newest = values.first?.year ?? 0
    let years = query.years ?? newest - 2...newest
    let wanted = values.filter { years.contains($0.year) && (query.wantsAnnualAverage || $0.period != "M13") }
    for year in years where !wanted.contains(where: { $0.year == year }) {
      messages.append("No Data Available for Series \(name) Year: \(year)")
    }
    let latest = values.first { $0.period != "M13" }
    let data = wanted.map { value -> JSONValue in
      var members = [
        JSONMember("year", .string(String(value.year))), JSONMember("period", .string(value.period)),
        JSONMember("periodName", .string(Self.periodName(value.period))),
      ]
      if value.year == latest?.year, value.period == latest?.period { members.append(JSONMember("latest", "true")) }
      members.append(JSONMember("value", .string(value.value)))
      members.append(JSONMember("footnotes", Self.footnotes(value.footnotes)))
      return .object(members)
    }
    return ["seriesID": .string(name), "data": .array(data)]
  }

  private static func periodName(_ period: String) -> String {
    let months = [
      "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
      "December", "Annual",
    ]
    guard let number = Int(period.dropFirst()), number > 0 else { return period }
    switch period.prefix(1) {
    case "M" where number <= months.count: return months[number - 1]
    case "Q": return ["1st", "2nd", "3rd", "4th"][(number - 1) % 4] + " Quarter"
    case "S": return number == 3 ? "Annual" : ["1st", "2nd"][(number - 1) % 2] + " Half"
    case "A": return "Annual"
    default: return period
    }
  }

  private static func footnotes(_ codes: String) -> JSONValue {
    guard !codes.isEmpty else { return [[:]] }
    let texts = ["P": "Preliminary.", "R": "Data were subject to revision."]
    return .array(
      codes.map { code in
        ["code": .string(String(code)), "text": .string(texts[String(code)] ?? "See the series' notes.")]
      })
  }
}
