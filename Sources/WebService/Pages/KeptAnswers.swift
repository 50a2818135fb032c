internal import Base

/// What operations answered to pages that many look at or that ask again: any number of tabs cost one query for each change.
actor KeptAnswers {
  private struct Kept {
    var told: Int
    var at: ContinuousClock.Instant
    var answer: Task<Desk.Answer, Never>
    /// How long it may be shown while nothing is told.
    var lasts = KeptAnswers.longest
  }

  private var kept: [String: Kept] = [:]

  /// What nobody told of (a quota that is used up, a wait; anything while nobody listens) is seen after this, and what takes
  /// the database long after five times as long as that took.
  private static let longest = Duration.seconds(1)
  private static let longestOfAll = Duration.seconds(10)
  private static let mostCount = 200

  /// - Parameters:
  ///   - key: who may see it, and what was asked.
  ///   - told: how much the events have told so far: what was answered before the last of it is not.
  func answer(_ key: String, told: Int, _ make: @escaping @Sendable () async -> Desk.Answer) async -> Desk.Answer {
    if let known = kept[key], known.told == told, .now - known.at < known.lasts { return await known.answer.value }
    if kept.count >= Self.mostCount { kept = [:] }
    let began = ContinuousClock.now
    let task = Task { await make() }
    kept[key] = Kept(told: told, at: began, answer: task)
    let answer = await task.value
    guard kept[key]?.at == began else { return answer }
    if answer.problem == nil {
      kept[key]?.lasts = min(max(Self.longest, (.now - began) * 5), Self.longestOfAll)
    } else {
      // A trouble that is over is not shown on.
      kept[key] = nil
    }
    return answer
  }

  /// After an act: whoever did it sees what became of it at once.
  func forget() { kept = [:] }
}
