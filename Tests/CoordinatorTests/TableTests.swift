import Testing

@testable import Coordinator

struct TableTests {
  private let table = Table(
    headings: ["name", "years", "sources", "title"],
    rows: [
      [
        "building_footprint_reject", "2009-2023", "census_acs5, ms_building_footprints, openaddresses",
        "What could not be read",
      ],
      ["market_income", "2009-", "census_acs5", "Income and population of counties, states and metros, as estimated"],
    ])

  @Test(arguments: [60, 72, 80, 100, 120])
  func noLineIsWiderThanTheTerminalAndNoWordIsBroken(columns: Int) {
    let text = table.rendered(Style(showsColor: false), columns: columns)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { $0.count <= columns }, "\(text)")
    // Nothing of the columns before the last is lost.
    let flat = text.filter { !$0.isWhitespace }
    for word in ["building_", "footprints,", "openaddresses", "census_acs5,"] {
      #expect(flat.contains(word), "\(word) in \(text)")
    }
  }

  @Test func withoutALimitEachRowIsALine() {
    #expect(table.rendered(Style(showsColor: false)).split(separator: "\n").count == 3)
  }

  @Test func numbersAreAtTheRightAndNotBroken() {
    let text = Table(headings: ["count", "what"], rows: [["1", "a"], ["20,000", "b"]])
      .rendered(Style(showsColor: false), columns: 12)
    #expect(text == " count  what\n     1  a\n20,000  b\n")
  }
}
