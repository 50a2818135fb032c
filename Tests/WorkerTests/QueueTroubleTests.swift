import Postgres
import Queue
import Testing

struct QueueTroubleTests {
  private func trouble(_ sqlState: String) -> QueueTrouble {
    QueueTrouble(PostgresError(.server, "it", sqlState: sqlState))
  }

  @Test(arguments: [
    "40P01", "40001", "55P03", "55006", "57014", "53000", "53100", "53200", "53300", "58030", "XX000", "23505", "22P05",
    "54000", "P0001",
  ])
  func whatMayPassIsWaitedOut(sqlState: String) {
    #expect(trouble(sqlState) == .passing)
  }

  @Test(arguments: ["25006", "57P01", "57P02", "57P03", "57P05", "08006", "25P03"])
  func aSessionThatIsNoGoodIsReplaced(sqlState: String) {
    #expect(trouble(sqlState) == .connectionLost)
  }

  @Test(arguments: ["42P01", "42883", "42501", "3F000", "28000", "0A000"])
  func whatCanNeverSucceedEndsTheLoop(sqlState: String) {
    #expect(trouble(sqlState) == .hopeless)
  }

  @Test func theQueuesOwnWordsAreHeard() {
    #expect(QueueTrouble(QueueError.workerEnded("silent")) == .givenUp("silent"))
    #expect(QueueTrouble(PostgresError(.connection, "broke")) == .connectionLost)
    #expect(QueueTrouble(PostgresError(.decoding, "no column")) == .hopeless)
  }

  @Test func onlyValuesAreMadeShorter() {
    #expect(QueueTrouble.refusesValues(PostgresError(.server, "", sqlState: "22P05")) == "22P05")
    #expect(QueueTrouble.refusesValues(PostgresError(.server, "", sqlState: "53100")) == nil)
    #expect(QueueTrouble.refusesValues(QueueError.invalidRequest("no", hint: nil)) == "AK003")
  }
}
