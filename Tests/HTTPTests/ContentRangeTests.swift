import Testing

@testable import HTTP

struct ContentRangeTests {
  @Test func aPartSaysWhereItIsAndHowLongTheWholeIs() throws {
    let range = try #require(ContentRange("bytes 200-999/1000"))
    #expect(range.first == 200 && range.last == 999 && range.total == 1000 && range.byteCount == 800)
    let unknown = try #require(ContentRange("Bytes 0-0/*"))
    #expect(unknown.byteCount == 1 && unknown.total == nil)
  }

  /// A part is appended by what the header says: one that does not fit together is none.
  @Test(arguments: [
    "", "bytes", "bytes 5-4/10", "bytes -5-4/10", "bytes 0-9/9", "bytes 0-9", "bytes */10", "items 0-9/10",
    "bytes 0-9/ten", "bytes 0-9/10/11", "bytes 9223372036854775808-9223372036854775809/*",
  ])
  func whatDoesNotFitTogetherIsNone(_ header: String) {
    #expect(ContentRange(header) == nil)
  }

  @Test func noHeaderIsNone() {
    #expect(ContentRange(nil) == nil)
  }
}
