import Base
import Testing

struct TextTests {
  @Test(arguments: [
    (-3, "0 s"), (0, "0 s"), (99, "99 s"), (100, "2 min"), (5399, "90 min"), (5400, "1 h 30 min"), (7500, "2 h 05 min"),
  ])
  func timesAreSaidAsPeopleSayThem(_ seconds: Int, _ text: String) {
    #expect(readableDuration(seconds) == text)
  }

  @Test(arguments: [
    ("a b&c", "", "a%20b%26c"), ("2012/ä", "/", "2012/%C3%A4"), ("-._~", "", "-._~"), ("%", "", "%25"),
    ("a,b", ",", "a,b"),
  ])
  func onlyWhatMayStandInAnAddressStays(_ text: String, _ keeping: String, _ encoded: String) {
    #expect(PercentEncoding.encoded(text, keeping: keeping) == encoded)
    #expect(PercentEncoding.decoded(encoded) == text)
  }
}
