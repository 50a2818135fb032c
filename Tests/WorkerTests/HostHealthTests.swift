import Testing

@testable import Worker

struct HostHealthTests {
  private let now = ContinuousClock.now

  /// A whole look, begun and answered.
  private func look(_ health: inout HostHealth, _ trouble: String?) -> HostHealth.Verdict {
    let number = health.beginLook() ?? 0
    return health.answer(number, trouble, at: now)
  }

  @Test func aLookThatBeganBeforeTheSuspicionSettlesNothing() {
    var health = HostHealth()
    let first = health.beginLook()
    let another = health.beginLook()
    #expect(first == 1 && another == nil)
    let verdict = health.answer(1, nil, at: now)
    #expect(verdict == .unknown(looksAgain: true))
    let second = look(&health, nil)
    #expect(second == .well(recovered: false))
  }

  @Test func anAnswerThatCameTooLateCountsNoMore() {
    var health = HostHealth()
    let first = look(&health, "it took too long")
    #expect(first == .unwell(since: 1, looksAgainIn: .seconds(1), stopsAll: false))
    let late = health.answer(1, nil, at: now)
    #expect(late == .unknown(looksAgain: false))
    #expect(health.trouble == "it took too long")
  }

  @Test func troubleThatStaysEndsWhatRunsAndIsLookedAtLessOften() {
    var health = HostHealth()
    for (index, wait) in [1, 2, 4, 8, 16, 30, 30, 30].enumerated() {
      let verdict = look(&health, "no disk")
      #expect(verdict == .unwell(since: index + 1, looksAgainIn: .seconds(wait), stopsAll: index >= 1))
    }
    let verdict = look(&health, nil)
    #expect(verdict == .well(recovered: true))
    #expect(health.trouble == nil)
  }

  @Test func whatWasPutRightIsRememberedAsTrouble() {
    var health = HostHealth()
    _ = look(&health, nil)
    #expect(health.troubledAt == nil)
    let number = health.beginLook() ?? 0
    let verdict = health.answer(number, nil, mended: true, at: now)
    #expect(verdict == .well(recovered: false))
    #expect(health.troubledAt == now)
  }

  @Test func aMomentsTroubleIsRestedFromLongerEachTimeUntilTheTaskPays() {
    var health = HostHealth()
    #expect(health.mayClaim(at: now))
    for (index, wait) in [1, 2, 4].enumerated() {
      #expect(health.moment(of: 1, at: now) == .seconds(wait), "\(index)")
      #expect(!health.mayClaim(at: now) && health.mayClaim(at: now + .seconds(wait)))
    }
    #expect(health.moment(of: 1, at: now) == nil)
    // Another task has met nothing yet, and one that was done has made up for it.
    #expect(health.moment(of: 2, at: now) == .seconds(16))
    health.ended(1)
    #expect(health.moment(of: 1, at: now) == .seconds(30))
    // Long after, it is another trouble.
    #expect(health.moment(of: 3, at: now + .seconds(600)) == .seconds(1))
    // All that runs meets the database's trouble at once: the worker rests no longer for it, and a task pays in the end.
    for task in Int64(10)..<30 {
      #expect(health.moment(of: task, isDatabases: true, at: now + .seconds(900)) == .seconds(1))
    }
    #expect(health.mayClaim(at: now + .seconds(901)))
    for _ in 0..<2 { _ = health.moment(of: 10, isDatabases: true, at: now + .seconds(900)) }
    #expect(health.moment(of: 10, isDatabases: true, at: now + .seconds(900)) == nil)
  }

  @Test func aHostThatIsWellIsLookedAtNowAndThen() {
    var health = HostHealth()
    #expect(health.isLookDue(at: now))
    let number = health.beginLook()
    #expect(!health.isLookDue(at: now))
    _ = health.answer(number ?? 0, nil, at: now)
    #expect(!health.isLookDue(at: now))
    #expect(health.isLookDue(at: now + .seconds(31)))
  }
}
