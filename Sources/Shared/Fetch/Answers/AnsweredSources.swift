package import Catalog
internal import Synchronization

/// Which sources have answered this process, whatever they said.
final class AnsweredSources: Sendable {
  private let ids = Mutex<[String]>([])

  /// The last to answer first.
  var all: [String] { ids.withLock { $0.reversed() } }

  func add(_ id: String) {
    ids.withLock { ids in
      if ids.last == id { return }
      ids.removeAll { $0 == id }
      ids.append(id)
    }
  }
}

extension Fetcher {
  /// Sources that have answered this process before, one for each host, the last to answer first.
  package func answered() -> [SourceDefinition] {
    var hosts: Set<String> = []
    return answeredIDs.all.compactMap { registry[$0] }.filter { hosts.insert(URLHost.of($0.endpoint)).inserted }
  }
}
