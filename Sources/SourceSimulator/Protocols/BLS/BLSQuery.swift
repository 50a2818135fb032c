/// What a time series request asks for.
struct BLSQuery: Sendable {
  var series: [String]
  var years: ClosedRange<Int>?
  /// M13, the average of the year, comes only when asked for.
  var wantsAnnualAverage = false
  var hasKey: Bool

  init(_ body: JSONValue) throws {
    guard let names = body["seriesid"]?.arrayValue else { throw RecordingError("seriesid must be a list") }
    series = names.compactMap(\.stringValue)
    hasKey = body["registrationkey"]?.stringValue?.isEmpty == false
    wantsAnnualAverage = body["annualaverage"]?.scalarText == "true"
    years = Self.years(body["startyear"]?.scalarText, body["endyear"]?.scalarText)
  }

  init(series name: String, _ query: Query) {
    series = [name]
    hasKey = query["registrationkey"]?.isEmpty == false
    wantsAnnualAverage = query["annualaverage"] == "true"
    years = Self.years(query["startyear"], query["endyear"])
  }

  private static func years(_ start: String?, _ end: String?) -> ClosedRange<Int>? {
    guard let start = start.flatMap({ Int($0) }), let end = end.flatMap({ Int($0) }), start <= end else { return nil }
    return start...end
  }

  /// Cuts to what the API allows (with a key 50 series and 20 years, without 25 and 10), and says so in words only.
  mutating func cut() -> [String] {
    let (seriesLimit, yearLimit) = hasKey ? (50, 20) : (25, 10)
    var messages: [String] = []
    if series.count > seriesLimit {
      messages.append("Only the first \(seriesLimit) series of the request were processed.")
      series = Array(series.prefix(seriesLimit))
    }
    if let asked = years, asked.count > yearLimit {
      messages.append("Year range has been reduced to the system-allowed limit of \(yearLimit) years.")
      years = asked.lowerBound...asked.lowerBound + yearLimit - 1
    }
    return messages
  }
}
