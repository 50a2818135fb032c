import Base
import Testing

struct CountedTests {
  @Test func onlyOneIsSingular() {
    #expect([0, 1, 2, 21].map { $0.counted("row") } == ["0 rows", "1 row", "2 rows", "21 rows"])
    #expect(Int64(1).counted("waiting task") == "1 waiting task")
  }
}
