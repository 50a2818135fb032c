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
    for word in ["footprints,", "openaddresses", "census_acs5,"] {
      #expect(flat.contains(word), "\(word) in \(text)")
    }
  }

  @Test(arguments: [72, 80, 100, 120])
  func namesAreWholeSoThatTheyCanBeCopied(columns: Int) {
    let names = ["building_footprint_reject", "ms_building_footprints", "openaddresses", "census_acs5", "2009-2023"]
    let text = table.rendered(Style(showsColor: false), columns: columns)
    for name in names { #expect(text.contains(name), "\(name) in \(text)") }
  }

  @Test func whatHasNoRoomBesideTheOthersStandsBelow() {
    let sources = Table(
      headings: ["source", "limit", "key", "fresh for", "datasets", "state", "name"],
      rows: [
        [
          "press_feeds_globenewswire", "1/s, 400/day", "missing", "365 d", "12", "disabled",
          "GlobeNewswire's feeds of releases",
        ]
      ])
    let text = sources.rendered(Style(showsColor: false), columns: 78)
    #expect(
      text == """
        source                     limit        key      fresh for  datasets  state
          name
        press_feeds_globenewswire  1/s,         missing  365 d            12  disabled
                                   400/day
          GlobeNewswire's feeds of releases

        """, "\(text)")
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
