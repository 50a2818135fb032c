import Catalog
import Testing

/// Files of YAML that are small, and large when their aliases are written out.
struct YAMLBombTests {
  @Test func aliasesThatMultiplyAreRefusedAtOnceAndOthersAreRead() throws {
    let levels = 12
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...levels {
      let before = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(before)]\n"
    }
    // Unbounded, these would be 9^13 values: the test would not end.
    let error = #expect(throws: YAMLError.self) { try YAMLNode.parse(text, file: "bomb.yml") }
    #expect(error.map { "\($0)".contains("more than 100000") } == true)
    _ = try YAMLNode.parse("a: &a [x, y]\nb: *a\nc: *a\n", file: "good.yml")
  }

  @Test(arguments: ["[", "{a: ", "- "])
  func depthIsAnErrorAndNoCrash(opening: String) {
    #expect(throws: YAMLError.self) {
      try YAMLNode.parse(String(repeating: opening, count: 20_000) + "\n}", file: "deep.yml")
    }
  }
}
