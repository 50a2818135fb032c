import Base
import Testing

@Suite struct SummaryTests {
  @Test(arguments: [
    ([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more"),
  ])
  func aLongListIsNamedByItsFirst(names: [String], summary: String) {
    #expect(names.summary() == summary)
  }

  @Test func theNumberOfNamesAndWhatSeparatesThemAreChosen() {
    #expect((1...9).map(String.init).summary(naming: 2, separator: "; ") == "1; 2 and 7 more")
  }
}
