import Logging
import Queue
import Telemetry
import Base

/// One host's trouble is not the pool's: a host that is not well takes no tasks, and those that it failed go back with
/// their attempt.
extension WorkerService {
  /// Looks at the host, beside the loop.
  func probe() {
    guard let number = health.beginLook() else { return }
    Task { [handler, post, redaction] in
      do {
        try await handler.probe()
        post.yield(.probed(number: number, trouble: nil))
      } catch {
        post.yield(.probed(number: number, trouble: redaction(Self.summary(error))))
      }
    }
    Task { [post] in
      try? await Task.sleep(for: HostHealth.lookLimit)
      post.yield(.probed(number: number, trouble: "a look at the host took longer than \(HostHealth.lookLimit)"))
    }
  }

  func probed(_ number: Int, _ trouble: String?) {
    switch health.answer(number, trouble, at: .now) {
    case .unknown(let looksAgain):
      if looksAgain { probe() }
      return
    case .well(let recovered):
      if recovered {
        logger.notice("the host is well again")
        wantsClaim = true
      }
      // Not the host's fault, then.
      for task in running.values { if let error = task.suspicion { settle(task, .failed(error)) } }
    case .unwell(let count, let interval, let stopsAll):
      if count == 1 { logger.error("the host is not well; claiming nothing", metadata: ["reason": "\(trouble ?? "")"]) }
      for (token, task) in running {
        if task.suspicion != nil {
          running[token]?.stop(.hostUnwell)
          settle(running[token] ?? task, .released)
        } else if stopsAll {
          running[token]?.stop(.hostUnwell)
        }
      }
      Task { [weak self] in
        try? await Task.sleep(for: interval)
        await self?.probe()
      }
    }
    wantsTick = true
  }
}
