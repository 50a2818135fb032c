import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// County unemployment comes as a text, or as a workbook of one of two forms: the figures are the same.
@Suite("market_unemployment out of workbooks", .database)
struct LabourWorkbookTests {
  enum Form: String, CaseIterable, Sendable {
    /// A title, one line of headings, codes that lost their zeros, notes at the end.
    case new
    /// Headings over four lines, an empty column between, figures from the seventh row on.
    case old
  }

  private static let folder = PackageRoot.recordings + "/bls_laus"

  /// The recorded text's lines as a sheet's rows.
  private static func sheet(_ form: Form) throws -> [String] {
    let data = try #require(FileManager.default.contents(atPath: folder + "/lau/laucnty17.txt"))
    let rows = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line -> [String]? in
      guard
        let match = line.wholeMatch(
          of: /\s*([A-Z]{2}\d{13})\s+(\d+)\s+(\d+)\s+(.+?)\s+(\d{4})\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*/)
      else { return nil }
      let output = match.output
      let (state, county) = (String(output.2), String(output.3))
      let figures = [output.6, output.7, output.8, output.9].map { String($0).replacing(",", with: "") }
      let codes = form == .new ? ["\(Int(state) ?? 0)", "\(Int(county) ?? 0)"] : [state, county]
      return [String(output.1)] + codes + [String(output.4), String(output.5)] + (form == .old ? [""] : []) + figures
    }
    #expect(rows.count > 300)
    let table = rows.map { $0.joined(separator: "|") }
    switch form {
    case .new:
      return ["Labor force data by county, 2017 annual averages|"]
        + [
          "LAUS Code|State FIPS Code|County FIPS Code|County Name/State Abbreviation|Year|Labor Force|Employed|Unemployed|Unemployment Rate (%)"
        ]
        + table + ["|", "Dash indicates that data are not available.|"]
    case .old:
      return [
        "Labor Force Data by County, 2017 Annual Averages|", "|",
        "LAUS|State|County|County Name/|||Labor|||Unemployment",
      ]
        + ["Code|FIPS|FIPS|State Abbreviation|Year||Force|Employed|Unemployed|Rate", "|Code|Code|||||||(%)", "|"]
        + table
        + ["|", "SOURCE: BLS, LAUS|"]
    }
  }

  /// A workbook in the place of the recorded text, and what becomes of it.
  enum Sheet: String, CaseIterable, Sendable {
    case new, old, withACellTooFew, inAnotherOrder, ofAnotherYear

    /// What the reason says; nil where all is published.
    var refusal: String? {
      switch self {
      case .new, .old: nil
      case .withACellTooFew: "a line of the file is not as it was: CN2400100000000"
      case .inAnotherOrder: "expect_column_pair_values_a_to_be_greater_than_b: 398 of 398 rows"
      case .ofAnotherYear: "the file holds the year 2016"
      }
    }

    func rows() throws -> [String] {
      let rows = try LabourWorkbookTests.sheet(self == .old ? .old : .new)
      switch self {
      case .new, .old: return rows
      case .withACellTooFew:
        return rows.map { row in
          row.hasPrefix("CN2400100000000|") ? row.split(separator: "|").dropLast().joined(separator: "|") + "|" : row
        }
      case .inAnotherOrder:
        // Employed and unemployed have changed places, everywhere.
        return rows.map { row in
          var cells = row.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
          if cells.count == 9, row.hasPrefix("CN") { cells.swapAt(6, 7) }
          return cells.joined(separator: "|")
        }
      case .ofAnotherYear: return rows.map { $0.replacing("|2017|", with: "|2016|") }
      }
    }
  }

  /// Rows, and the sums of their figures, as the recorded text has them.
  private static func expected() throws -> String {
    let figures = try sheet(.new).filter { $0.hasPrefix("CN") }.map { row in
      row.split(separator: "|").suffix(4).map { Double($0) ?? 0 }
    }
    let sums = (0..<4).map { column in figures.reduce(0) { $0 + $1[column] } }
    return "\(figures.count) \(Int(sums[0])) \(Int(sums[1])) \(Int(sums[2])) \(Int((sums[3] * 10).rounded()))"
  }

  @Test("both forms give what the text gives; what is not as it was is refused", arguments: Sheet.allCases)
  func workbook(_ sheet: Sheet) async throws {
    let recordings = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: recordings) }
    try FileManager.default.createDirectory(atPath: recordings, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Self.folder, toPath: recordings + "/bls_laus")
    // The text is there, too, and the workbook counts; or there is none.
    let path = recordings + "/bls_laus/lau/laucnty17"
    if sheet != .ofAnotherYear { try FileManager.default.removeItem(atPath: path + ".txt") }
    let made = try await Program.run(
      "python3", [PackageRoot.path + "/Tests/Tools/workbook.py", path + ".xlsx", "laucnty17"] + sheet.rows())
    try #require(made.exitCode == 0, "\(made)")
    try await Simulator.running(recordings: recordings) { simulator in
      try await Workshop.open(
        datasets: ["market_unemployment"], endpoints: ["bls_laus": simulator.endpoint + "/bls_laus"]
      ) { workshop, connection in
        try await workshop.enqueue("market_unemployment", 2017...2017, asOf: "2026-09", connection)
        try await workshop.work()
        let row = try await connection.query(
          """
          SELECT (SELECT concat_ws(' ', count(*), sum(labor_force), sum(employed), sum(unemployed), (sum(unemployment_rate) * 10)::int)
              FROM market_unemployment) AS sums,
            (SELECT max(reason) FROM queue.task WHERE state = 'failed') AS reason,
            (SELECT count(*) FROM market_unemployment WHERE geo_id !~ '^[0-9]{5}$') AS odd
          """)[0]
        let reason = try row.text("reason")
        if let refusal = sheet.refusal {
          #expect(reason?.contains(refusal) == true, "\(reason ?? "")")
        } else {
          #expect(reason == nil)
          #expect(try row.text("sums") == Self.expected())
          #expect(try row.decode("odd", as: Int.self) == 0)
        }
      }
    }
  }
}
