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

  private func progress(_ step: PipelineStep, _ total: Int?) -> (@Sendable (Int) -> Void)? {
    guard reportsProgress, let observer else { return nil }
    return { portion in
      observer(StepEvent(step: step, phase: .progressed(portion: portion, total: total), duration: .zero, detail: ""))
    }
  }
}
