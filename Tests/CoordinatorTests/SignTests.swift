import Console
import Postgres
import TestSupport
import Testing

@Suite(.database)
struct SignTests {
  /// The same in a terminal, in SQL and in what SQL gives to others.
  @Test func everyFactHasTheSameSignInSQL() async throws {
    let connection = try await TestDatabase.current.connect()
    for fact in GridCell.Fact.allCases {
      let rows = try await connection.query("SELECT queue.sign($1) AS sign", [fact.rawValue])
      #expect(try rows[0].text("sign") == String(fact.sign), "\(fact)")
    }
    await connection.close()
  }
}
