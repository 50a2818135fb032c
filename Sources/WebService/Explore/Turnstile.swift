internal import HTTPTypes
internal import Synchronization

/// Lets so many in at once, and turns the others away: a question that waits would wait for questions.
final class Turnstile: Sendable {
  private let limits: QuestionLimits
  private let inside = Mutex<[String: Int]>([:])

  init(_ limits: QuestionLimits) {
    self.limits = limits
  }

  /// A place, for as long as somebody has it.
  final class Turn: Sendable {
    private let turnstile: Turnstile
    private let name: String

    fileprivate init(_ turnstile: Turnstile, _ name: String) {
      self.turnstile = turnstile
      self.name = name
    }

    deinit { turnstile.leave(name) }
  }

  /// - Throws: `Problem` 429.
  func enter(_ caller: Caller) throws -> Turn {
    // Whoever has no name is known by where they ask from.
    let name = caller.name == "anonymous" ? "anonymous from \(caller.address)" : caller.name
    try inside.withLock { inside in
      let refusal: String? =
        if inside[name, default: 0] >= limits.perCaller {
          "\(limits.perCaller) of your questions are being answered"
        } else if inside.values.reduce(0, +) >= limits.inAll {
          "\(limits.inAll) questions are being answered"
        } else {
          nil
        }
      if let refusal {
        throw Problem(
          .tooManyRequests, refusal, hint: "Ask again when one of them is; each takes \(limits.seconds) s at most.",
          headers: [.retryAfter: "2"])
      }
      inside[name, default: 0] += 1
    }
    return Turn(self, name)
  }

  private func leave(_ name: String) {
    inside.withLock { inside in
      let left = inside[name, default: 1] - 1
      inside[name] = left > 0 ? left : nil
    }
  }
}

extension QuestionLimits {
  var seconds: Int64 { time.components.seconds }
}
