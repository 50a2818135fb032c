internal import Synchronization

/// Several loops of one process, of which none may stand still: the manager hears of them once all have turned.
package final class WatchedLoops: Sendable {
  private let manager: ServiceManager
  private let names: Set<String>
  private let turned = Mutex(Set<String>())

  package init(_ names: Set<String>, manager: ServiceManager) {
    self.names = names
    self.manager = manager
  }

  package func turn(_ name: String) {
    let all = turned.withLock { turned in
      turned.insert(name)
      guard turned.isSuperset(of: names) else { return false }
      turned = []
      return true
    }
    if all { manager.alive() }
  }
}
