import Queue
import Synchronization
import Base
import TestSupport

/// A handler whose attempts end as the test says.
final class ScriptedHandler: TaskHandler {
  typealias Script = @Sendable (TaskLease, TaskContext) async throws -> TaskOutcome

  private let script: Script
  private let look: @Sendable () -> String?

  /// - Parameter look: what is wrong with the host at this look.
  init(look: @escaping @Sendable () -> String? = { nil }, _ script: @escaping Script) {
    self.script = script
    self.look = look
  }

  /// - Parameter probes: what is wrong with the host, look by look; well afterwards.
  convenience init(probes: [String?], _ script: @escaping Script) {
    let left = Left(probes)
    self.init(look: { left.next() }, script)
  }

  private final class Left: Sendable {
    private let probes: Mutex<[String?]>
    init(_ probes: [String?]) { self.probes = Mutex(probes) }
    func next() -> String? { probes.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
  }

  func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
    try await script(lease, context)
  }

  func probe(after errors: [any Error]) async throws -> [String] {
    if let trouble = look() {
      if trouble.hasPrefix("mended ") { return [trouble] }
      throw TestFailure(trouble)
    }
    return []
  }
}
