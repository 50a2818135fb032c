internal import Synchronization
internal import Telemetry

/// Times steps and tells the observer.
struct StepTimer {
  private(set) var seconds: [String: Double] = [:]
  private let observer: StepObserver?
  private let reportsProgress: Bool
  private let clock = ContinuousClock()

  /// - Parameter reportsProgress: whether the observer is told of portions of a step, too.
  init(_ observer: StepObserver?, reportsProgress: Bool = true) {
    self.observer = observer
    self.reportsProgress = reportsProgress && observer != nil
  }

  mutating func time<Value>(
    _ step: PipelineStep, total: Int? = nil, detail: (Value) -> String, _ body: () async throws -> Value
  ) async throws -> Value {
    observer?(StepEvent(step: step, phase: .started, duration: .zero, detail: ""))
    let start = clock.now
    let value =
      if let progress = progress(step, total) { try await WorkProgress.observed(by: progress, body) } else {
        try await body()
      }
    let duration = clock.now - start
    let (whole, attoseconds) = duration.components
    seconds[step.rawValue, default: 0] += Double(whole) + Double(attoseconds / 1_000_000_000_000) / 1_000_000
    observer?(StepEvent(step: step, duration: duration, detail: detail(value)))
    return value
  }

  private func progress(_ step: PipelineStep, _ total: Int?) -> (@Sendable (WorkProgress.Portion) -> Void)? {
    guard reportsProgress, let observer else { return nil }
    let expectation = Expectation(total)
    return { portion in
      let (done, total) = expectation.take(portion)
      observer(StepEvent(step: step, phase: .progressed(portion: done, total: total), duration: .zero, detail: ""))
    }
  }

  /// How much a step is to do: known before it, or announced piece by piece.
  private final class Expectation: Sendable {
    private let known: Int?
    private let announced = Mutex<(total: Int, isOpenEnded: Bool)>((0, false))

    init(_ known: Int?) {
      self.known = known
    }

    func take(_ portion: WorkProgress.Portion) -> (done: Int, total: Int?) {
      announced.withLock { announced in
        var done = 0
        switch portion {
        case .done(let count): done = count
        case .expected(let count): announced.total += count
        case .openEnded: announced.isOpenEnded = true
        }
        return (done, known ?? (announced.isOpenEnded || announced.total <= 0 ? nil : announced.total))
      }
    }
  }
}
