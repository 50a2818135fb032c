import FoundationEssentials
import TestSupport
import Testing

/// The BLS time series API: everything is answered 200, and cut without more than a word.
struct BLSTests {
  private struct Answer: Decodable {
    struct Results: Decodable { var series: [Series] }

    struct Series: Decodable {
      var seriesID: String
      var data: [Value]
    }

    struct Value: Decodable {
      var year: String
      var period: String
      var periodName: String
      var latest: String?
      var value: String
      var footnotes: [[String: String]]
    }

    var status: String
    var message: [String]
    var Results: Results
  }

  private static let path = "/bls_timeseries/publicAPI/v2/timeseries/data/"

  /// 60 series of 25 years, one value a year and the average; the first one has a footnote and a month without value.
  private static let csv: String = {
    var lines = ["series_id,year,period,value,footnotes", "S00,2024,M02,-,", "S00,2024,M03,7.5,P"]
    for series in 0..<60 {
      for year in 2000..<2025 {
        let name = "S" + (series < 10 ? "0" : "") + String(series)
        lines += ["\(name),\(year),M01,\(series).\(year),", "\(name),\(year),M13,1.0,"]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  private func post(_ simulator: SimulatorProcess, _ body: String) async throws -> Answer {
    let answer = try await simulator.send("POST", Self.path, ["Content-Type": "application/json"], body: body)
    #expect(answer.status == 200)
    return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
  }

  private func with(_ body: (SimulatorProcess, RecordingFolder) async throws -> Void) async throws {
    try await RecordingFolder.make(["bls_timeseries/series/all.csv": Self.csv]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { try await body($0, folder) }
    }
  }

  @Test func valuesComeNewestFirst() async throws {
    try await with { simulator, _ in
      let answer = try await post(simulator, #"{"seriesid":["S00","S07"],"startyear":"2023","endyear":"2024"}"#)
      #expect(answer.status == "REQUEST_SUCCEEDED")
      #expect(answer.message.isEmpty)
      #expect(answer.Results.series.map(\.seriesID) == ["S00", "S07"])
      let values = try #require(answer.Results.series.first?.data)
      #expect(values.map { $0.year + $0.period } == ["2024M03", "2024M02", "2024M01", "2023M01"])
      #expect(values.map(\.value) == ["7.5", "-", "0.2024", "0.2023"])
      #expect(values.map(\.latest) == ["true", nil, nil, nil])
      #expect(values[0].periodName == "March")
      #expect(values[0].footnotes == [["code": "P", "text": "Preliminary."]])
      #expect(values[1].footnotes == [[:]])
      let averages = try await post(
        simulator, #"{"seriesid":["S00"],"startyear":"2023","endyear":"2023","annualaverage":true}"#)
      #expect(averages.Results.series[0].data.map(\.periodName) == ["Annual", "January"])
    }
  }

  @Test(arguments: [(#","registrationkey":"k""#, 50, 20), ("", 25, 10)])
  func tooMuchIsCutInSilence(key: String, series: Int, years: Int) async throws {
    try await with { simulator, _ in
      let names = (0..<60).map { "\"S\($0 < 10 ? "0" : "")\($0)\"" }.joined(separator: ",")
      let answer = try await post(simulator, #"{"seriesid":[\#(names)],"startyear":"2000","endyear":"2024"\#(key)}"#)
      #expect(answer.status == "REQUEST_SUCCEEDED")
      #expect(answer.Results.series.count == series)
      #expect(Set(answer.Results.series.flatMap { $0.data.map(\.year) }).count == years)
      #expect(answer.message.count == 2)
    }
  }

  @Test func whatDoesNotExistIsEmpty() async throws {
    try await with { simulator, folder in
      let body = #"{"seriesid":["NEW","S01"],"startyear":"2024","endyear":"2025"}"#
      let answer = try await post(simulator, body)
      #expect(answer.message.contains("Series does not exist for Series NEW"))
      #expect(answer.message.contains("No Data Available for Series S01 Year: 2025"))
      #expect(answer.Results.series.map { $0.data.count } == [0, 1])
      // Another series is another line of any file.
      try folder.write("series_id,year,period,value\nNEW,2024,Q01,3\n", to: "bls_timeseries/series/new.csv")
      let again = try await post(simulator, body)
      #expect(again.Results.series[0].data.map(\.periodName) == ["1st Quarter"])
      // The FAQ's shape: Results is an array.
      let invalid = try await simulator.send("POST", Self.path, body: #"{"seriesid":["s!"]}"#)
      #expect(invalid.status == 200)
      #expect(invalid.text.contains("\"message\":[\"Invalid Series for Series  s!\"],\"Results\":[{\n\"series\":"))
      let broken = try await simulator.send("POST", Self.path, body: "{")
      #expect(broken.status == 200)
      #expect(broken.text.contains("REQUEST_NOT_PROCESSED"))
    }
  }

  @Test func oneSeriesCanBeAskedByGET() async throws {
    try await with { simulator, _ in
      let answer = try await simulator.get(Self.path + "S03?startyear=2001&endyear=2002")
      let decoded = try JSONDecoder().decode(Answer.self, from: Data(answer.body))
      #expect(decoded.Results.series.map { $0.data.map(\.value) } == [["3.2002", "3.2001"]])
    }
  }
}
