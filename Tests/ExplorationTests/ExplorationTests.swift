import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

enum ExplorationSettings {
  /// Calls to try per scene: a few seconds' worth, or AKER_EXPLORE (`make explore`).
  static let limit = ProcessInfo.processInfo.environment["AKER_EXPLORE"].flatMap { Int($0) } ?? 3_000
}

/// The real functions of schema queue, through all interleavings of a small world.
@Suite("Exploration", .database, .whateverHappens(beyond: ExplorationSettings.limit / 50))
struct ExplorationTests {
  private static let triesMistakes = ProcessInfo.processInfo.environment["AKER_MUTANTS"] != nil
  /// Parts of mistakes' names, by commas, to try those alone.
  private static let chosen = (ProcessInfo.processInfo.environment["AKER_MUTANT"] ?? "").split(separator: ",")

  @Test("every call from every state keeps what must hold", arguments: Scene.allCases)
  func sequences(_ scene: Scene) async throws {
    let connection = try await scene.make(.current)
    var explorer = Explorer(connection, limit: ExplorationSettings.limit, depth: 12)
    try await explorer.explore()
    await connection.close()
    print(
      "\(scene.rawValue): \(explorer.transitionCount) calls from \(explorer.stateCount) states, \(explorer.deepest) deep"
    )
    #expect(explorer.findings.count == 0, "\(explorer.findings.prefix(3).map(\.description).joined(separator: "\n"))")
    #expect(explorer.stateCount > 100 && explorer.staleCount > 100)
  }

  /// A mistake that can no longer be made is not looked for: it is found here, minutes before the list below is.
  @Test("each mistake can be made in the SQL as it is")
  func mutantsHaveTheirText() async throws {
    let connection = try await TestDatabase.current.connect()
    #expect(Mutant.all.count >= 20)
    for mutant in Mutant.all {
      let (mutated, original) = try await mutant.definitions(connection)
      #expect(mutated != original, "\(mutant): the text to replace is not there")
    }
    await connection.close()
  }

  /// Mistakes that an exploration of this size would not find would stand in the list of what survived.
  @Test("each of these mistakes in the SQL is found", .enabled(if: triesMistakes, "make proof runs it"))
  func mutants() async throws {
    let connection = try await Scene.within.make(.current)
    let pairs = try await TestDatabase.create(on: .shared, name: "\(TestDatabase.current.name)_pairs")
    let across = try await PairExplorer(pairs, .across, stopsAtFirst: true)
    var survivors: [String] = []
    for mutant in Mutant.all where Self.chosen.isEmpty || Self.chosen.contains(where: mutant.description.contains) {
      let (mutated, original) = try await mutant.definitions(connection)
      let session = mutant.needsPairs ? across.look : connection
      try await session.executeScript(mutated)
      var finding: Explorer.Finding?
      if mutant.needsPairs {
        var explorer = across
        try await explorer.explore()
        finding = explorer.findings.first
      } else {
        var explorer = Explorer(connection, limit: 6_000, depth: 12, stopsAtFirst: true)
        try await explorer.explore()
        finding = explorer.findings.first
      }
      try await session.executeScript(original)
      defer { fflush(nil) }
      print("\(mutant)\n  \(finding.map { "\($0)" } ?? "SURVIVED")")
      if finding == nil { survivors.append("\(mutant)") }
    }
    #expect(survivors == [])
    await connection.close()
    try await pairs.drop()
  }

  @Test("two transactions, one suspended before its commit, keep it", arguments: Scene.allCases)
  func pairs(_ scene: Scene) async throws {
    var explorer = try await PairExplorer(.current, scene)
    try await explorer.explore(ExplorationSettings.limit > 10_000 ? Scene.prefixes : Array(Scene.prefixes.prefix(3)))
    print("\(scene.rawValue): \(explorer.pairCount) pairs, \(explorer.waitCount) waited for the other")
    #expect(explorer.findings.count == 0, "\(explorer.findings.prefix(3).map(\.description).joined(separator: "\n"))")
    #expect(explorer.waitCount > 0)
  }
}
