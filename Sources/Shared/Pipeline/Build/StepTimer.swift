/// Times steps and tells the observer.
struct StepTimer {
  private(set) var seconds: [String: Double] = [:]
  private let observer: StepObserver?
  private let clock = ContinuousClock()

  init(_ observer: StepObserver?) {
    self.observer = observer
  }

  mutating func time<Value>(
    _ step: PipelineStep, detail: (Value) -> String, _ body: () async throws -> Value
  ) async throws -> Value {
    observer?(StepEvent(step: step, phase: .started, duration: .zero, detail: ""))
    let start = clock.now
    let value = try await body()
    let duration = clock.now - start
    let (whole, attoseconds) = duration.components
    seconds[step.rawValue, default: 0] += Double(whole) + Double(attoseconds / 1_000_000_000_000) / 1_000_000
    observer?(StepEvent(step: step, duration: duration, detail: detail(value)))
    return value
  }
}
