import Testing

@testable import Coordinator

struct ErrorLinesTests {
  private let error = ErrorLines(
    label: "error: ", summary: "source census_acs5: HTTP 503 for table B19013 of the year 2012",
    causes: ["HTTP 503 from api.census.gov", "asked 4 times"], advice: "Wait, then: aker retry --backfill 3 --yes")

  private func rendered(columns: Int?, unicode: Bool = true, color: Bool = false) -> [String] {
    error.rendered(columns: columns, style: Style(showsColor: color), unicode: unicode)
  }

  @Test func causesAreBeneathTheErrorAndAdviceIsLast() {
    #expect(
      rendered(columns: nil, unicode: false) == [
        "error: source census_acs5: HTTP 503 for table B19013 of the year 2012", "  <- HTTP 503 from api.census.gov",
        "  <- asked 4 times", "  -> Wait, then: aker retry --backfill 3 --yes",
      ])
  }

  @Test func aNarrowWindowBreaksWordsAndNeverACommand() {
    let lines = rendered(columns: 40)
    #expect(lines.count == 5 && lines.dropLast().allSatisfy { $0.count <= 40 }, "\(lines)")
    #expect(lines.last?.hasSuffix("aker retry --backfill 3 --yes") == true)
  }
}
