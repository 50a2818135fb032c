import Exposition
import Synchronization

/// What a worker's endpoints tell, kept where a scrape waits for nothing: not for the worker's loop, not for the database.
final class WorkerHealth: Sendable {
  private struct State {
    var isRegistered = false
    var heardAt: ContinuousClock.Instant?
    var trouble: String?
    var isDraining = false
    var running = 0
  }

  private let state = Mutex(State())
  /// Ten ticks: a worker that could not reach the queue for so long runs nothing new.
  static let longestSilence = Duration.seconds(12)
  private let longestSilence: Duration

  init(longestSilence: Duration = WorkerHealth.longestSilence) {
    self.longestSilence = longestSilence
  }

  /// The worker's loop went round: what it then knew.
  func note(isRegistered: Bool, trouble: String?, isDraining: Bool, running: Int) {
    state.withLock {
      $0 = State(
        isRegistered: isRegistered, heardAt: .now, trouble: trouble, isDraining: isDraining, running: running)
    }
  }

  /// What fails, a line each.
  var failing: [String] {
    let state = state.withLock { $0 }
    var lines: [String] = []
    if !state.isRegistered { lines.append("queue: the worker is not registered") }
    if state.isRegistered, state.heardAt.map({ .now - $0 > longestSilence }) ?? true {
      lines.append("queue: it was not reached for \(longestSilence.components.seconds) s")
    }
    if let trouble = state.trouble { lines.append("host: \(trouble)") }
    if state.isDraining { lines.append("worker: it drains") }
    return lines
  }

  /// Serves /metrics, /livez and /readyz.
  ///
  /// - Throws: `ListenError`.
  func listen(on address: ListenAddress) throws -> ProbeListener {
    try ProbeListener.start(on: address) { [self] path, accept in
      switch path {
      case "/livez": return .init(body: "ok\n")
      case "/readyz":
        let failing = failing
        return failing.isEmpty
          ? .init(body: "ok\n") : .init(status: 503, body: failing.joined(separator: "\n") + "\n")
      case "/metrics":
        let format = MetricsPage.Format(accept: accept)
        var page = MetricsPage(format)
        page.add(WorkerMetrics.slotsUsed, [.init(value: Double(state.withLock { $0.running }))])
        page.add(WorkerMetrics.isReady, [.init(value: failing.isEmpty ? 1 : 0)])
        ProcessMetrics.shared.write(to: &page)
        ProcessFigures.write(to: &page)
        return .init(contentType: format.contentType, body: page.rendered())
      default: return nil
      }
    }
  }
}
