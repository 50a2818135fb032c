internal import ServiceLifecycle

/// The sender as a service of a process. Last of all it delivers what the process's own last tasks queued, for a moment:
/// what then still waits is delivered by whoever runs next.
package struct OpenLineageService: Service {
  private let sender: OpenLineageSender

  package init(_ sender: OpenLineageSender) {
    self.sender = sender
  }

  /// Short enough to stay within any supervisor's patience.
  private static let lastMoment = Duration.seconds(3)

  package func run() async throws {
    await cancelWhenGracefulShutdown { await sender.run() }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = try? await sender.sendWaiting() }
      group.addTask { try? await Task.sleep(for: Self.lastMoment) }
      await group.next()
      group.cancelAll()
    }
    await sender.close()
  }
}
