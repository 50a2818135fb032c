import Base
import Catalog
import Settings
import Console
import Fetch
import Postgres

/// What would keep a backfill from being built, said once and before it is enqueued: it is no reason not to enqueue it.
struct Readiness {
  let specs: [DatasetSpec]
  let configuration: AkerConfiguration

  /// - Parameter startsWorkers: whether workers are started with it.
  /// - Returns: one line each, with what to do.
  func notes(startsWorkers: Bool, _ connection: PostgresConnection) async throws -> [String] {
    let sources = try sources()
    var notes = switchedOff(sources) + keys(sources)
    notes += await unreachable(sources.filter(\.isEnabled))
    if !startsWorkers, try await !Self.isAnybodyAlive(connection) { notes.append(Advice.noWorker.text()) }
    return notes
  }

  /// The same for a plan, which asks nobody.
  func notesOfSettings() throws -> [String] {
    let sources = try sources()
    return switchedOff(sources) + keys(sources)
  }

  private func sources() throws -> [SourceDefinition] {
    let registry = try SourceRegistry(directory: configuration.catalogPath, environment: configuration.environment)
    return Set(specs.flatMap(\.sourceIDs)).sorted().compactMap { registry[$0] }
  }

  static func isAnybodyAlive(_ connection: PostgresConnection) async throws -> Bool {
    try await !connection.query("SELECT FROM queue.worker WHERE state = 'running' LIMIT 1").isEmpty
  }

  private func names(_ sources: [SourceDefinition]) -> String {
    let ids = Set(sources.map(\.id))
    let names = specs.filter { !ids.isDisjoint(with: $0.sourceIDs) }.map(\.name)
    return names.summary()
  }

  private func switchedOff(_ sources: [SourceDefinition]) -> [String] {
    sources.filter { !$0.isEnabled }.map {
      Advice.sourceIsOff.text([
        "source": $0.id, "datasets": names([$0]), "variable": "AKER_SOURCE_\($0.id.uppercased())_ENDPOINT",
      ])
    }
  }

  /// One line per key: several sources may share one.
  private func keys(_ sources: [SourceDefinition]) -> [String] {
    let enabled = sources.filter(\.isEnabled)
    return Set(enabled.compactMap(\.authKeyName)).sorted().filter { ((try? configuration.secret($0)) ?? nil) == nil }
      .map { key in
        Advice.keyIsNotSet.text([
          "variable": "AKER_\(key)", "datasets": names(enabled.filter { $0.authKeyName == key }),
        ])
      }
  }

  /// Each endpoint is asked once, all at a time; any answer will do.
  private func unreachable(_ sources: [SourceDefinition]) async -> [String] {
    let groups = Dictionary(grouping: sources, by: \.endpoint).values.sorted { $0[0].id < $1[0].id }
    let found = await withTaskGroup(of: (String, [SourceDefinition])?.self) { group in
      for sources in groups {
        group.addTask { await EndpointProbe.problem(of: sources[0]).map { ($0, sources) } }
      }
      var found: [(reason: String, sources: [SourceDefinition])] = []
      for await problem in group { if let problem { found.append((problem.0, problem.1)) } }
      return found.sorted { $0.sources[0].id < $1.sources[0].id }
    }
    guard let first = found.first else { return [] }
    let all = found.flatMap(\.sources)
    let ids = all.map(\.id).summary()
    return [Advice.sourceIsUnreachable.text(["sources": ids, "datasets": names(all), "reason": first.reason])]
  }
}
