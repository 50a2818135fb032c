import ServiceLifecycle
import Telemetry

/// Tells the service manager when the services run, and when they are told to stop.
struct ServiceNotices: Service {
  let manager: ServiceManager

  func run() async throws {
    manager.ready("enqueues flows and keeps the queue's house")
    try? await gracefulShutdown()
    manager.stopping("ends what it began")
  }
}
