internal import Base

/// What operations answered to live pages that ask again: any number of tabs cost one query for each change.
actor KeptAnswers {
  private struct Kept {
    var told: Int
    var at: ContinuousClock.Instant
    var answer: Task<Desk.Answer, Never>
  }

  private var kept: [String: Kept] = [:]

  /// What nobody told of (a quota that is used up, a wait) is seen after this.
  private static let longest = Duration.seconds(2)
  private static let mostCount = 200

  /// - Parameters:
  ///   - key: who may see it, and what was asked.
  ///   - told: how much the events have told so far: what was answered before the last of it is not.
  func answer(_ key: String, told: Int, _ make: @escaping @Sendable () async -> Desk.Answer) async -> Desk.Answer {
    if let known = kept[key], known.told == told, .now - known.at < Self.longest { return await known.answer.value }
    if kept.count >= Self.mostCount { kept = [:] }
    let answer = Task { await make() }
    kept[key] = Kept(told: told, at: .now, answer: answer)
    return await answer.value
  }
}
