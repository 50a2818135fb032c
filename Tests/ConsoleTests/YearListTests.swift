import Console
import Testing

struct YearListTests {
  @Test(arguments: [
    ("2009", [2009]), ("2009-2012", [2009, 2010, 2011, 2012]), ("2015,2009-2010,2009", [2009, 2010, 2015]),
  ])
  func readsYearsAndRanges(text: String, years: [Int]) {
    #expect(YearList(argument: text)?.years == years)
  }

  @Test(arguments: ["", "2012-2009", "9-20", "2009-", "2009..2012", "all", "2009,,2010", "20090"])
  func refusesAnythingElse(text: String) {
    #expect(YearList(argument: text) == nil)
  }
}
