import FoundationEssentials
import Queue
import Base
import Telemetry
import Testing

struct AttemptLedgerTests {
  private let lease = TaskLease(
    taskID: 7, leaseToken: 8, attemptNumber: 1, maxAttempts: 5, backfillID: 1, dataset: "income", dataYear: 2021,
    region: "", asOf: "2024-06", definitionHash: "", sourceIDs: [], startedAt: .now,
    deadline: .now.addingTimeInterval(60))

  private func ledger(secrets: [String] = []) -> AttemptLedger {
    AttemptLedger(redaction: Redaction(secrets: secrets), workerName: "w1")
  }

  private func failure(_ ledger: AttemptLedger) -> FailureReport? {
    if case .failure(_, let report)? = ledger.nextReport { report } else { nil }
  }

  @Test func aRefusedReportSaysLessAndLessUntilNothingOfItCameFromOutside() throws {
    var ledger = ledger()
    let error = AttemptEndingTests.TestError(summary: "line 3 holds \u{0}")
    ledger.enter(.failed(error), lease, AttemptSteps())
    #expect(failure(ledger)?.detail != nil)
    ledger.reportIsRefused(sqlState: "22P05")
    #expect(failure(ledger)?.detail == nil)
    #expect(failure(ledger)?.reason == "line 3 holds ␀")
    ledger.reportIsRefused(sqlState: "22021")
    #expect(failure(ledger)?.reason.contains("22021") == true)
    #expect(failure(ledger)?.reason.unicodeScalars.contains("\u{0}") == false)
    #expect(failure(ledger)?.errorClass == .data)
    // Even that: the ledger does not stand still for it.
    ledger.reportIsRefused(sqlState: "23514")
    #expect(ledger.isEmpty)
  }

  @Test func theNextReportBeginsWithAllItHas() throws {
    var ledger = ledger()
    for _ in 1...2 { ledger.enter(.failed(AttemptEndingTests.TestError()), lease, AttemptSteps()) }
    ledger.reportIsRefused(sqlState: "22P05")
    ledger.reportIsStored()
    #expect(failure(ledger)?.detail != nil)
  }

  @Test func notesAreGivenUpAndReasonsMadePlain() throws {
    var ledger = ledger()
    let error = AttemptEndingTests.TestError(summary: "cannot write")
    ledger.enterGivenBack("is not well: the disk is gone", error, lease, AttemptSteps())
    guard case .giveBack(_, let reason, let detail?)? = ledger.nextReport else { throw TestIssue() }
    #expect(reason == "cannot write (worker w1 is not well: the disk is gone)" && detail.contains("TestError"))
    ledger.reportIsRefused(sqlState: "22P05")
    guard case .giveBack(_, reason, nil)? = ledger.nextReport else { throw TestIssue() }
    ledger.reportIsRefused(sqlState: "22021")
    guard case .giveBack(_, let plain, nil)? = ledger.nextReport else { throw TestIssue() }
    #expect(!plain.contains("the disk is gone"))
    #expect(ledger.leaseTokens == [8])
  }

  @Test func whatTheHostNeedsIsAdvised() throws {
    for error in [nil, AttemptEndingTests.TestError(summary: "cannot write")] {
      var ledger = ledger()
      ledger.enterGivenBack("is not well", error, advice: "mount the disk", lease, AttemptSteps())
      guard case .giveBack(_, _, let detail?)? = ledger.nextReport else { throw TestIssue() }
      #expect(detail.contains(#""advice":"mount the disk""#), "\(detail)")
    }
  }

  @Test func secretsStayHere() throws {
    var ledger = ledger(secrets: ["s3cret"])
    ledger.enter(.snoozed(.seconds(1), reason: "asked with s3cret"), lease, AttemptSteps())
    guard case .snooze(_, _, let reason)? = ledger.nextReport else { throw TestIssue() }
    #expect(!reason.contains("s3cret"))
  }

  struct TestIssue: Error {}
}
