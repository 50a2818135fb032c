internal import Base
package import Catalog
package import CatalogTools
package import Settings
internal import FoundationEssentials
package import Postgres

/// The catalog folder, read and made known to the database before anything is planned by it.
package enum CatalogLoading {
  /// - Throws: `Refusal` with every mistake, each with its file and line.
  package static func folder(_ configuration: AkerConfiguration) throws -> CatalogFolder {
    let folder = KeptCatalog.folder(configuration.catalogPath)
    guard folder.errors.isEmpty else {
      throw Refusal(
        .data, folder.errors.map(\.description).joined(separator: "\n       "),
        advice: "Correct the files, then run: aker catalog check")
    }
    return folder
  }

  /// The same for a few datasets: mistakes in others are not theirs.
  ///
  /// - Throws: `Refusal` with every mistake in them and in what they depend on, and for a name that does not exist.
  package static func folder(_ configuration: AkerConfiguration, for names: [String]) throws -> CatalogFolder {
    let folder = KeptCatalog.folder(configuration.catalogPath)
    let needed = Set(names).union(
      withUpstream(folder.datasets.filter { names.contains($0.name) }, from: folder).flatMap {
        [$0.name] + $0.dependsOn
      })
    let errors = folder.errors.filter { error in
      error.file.hasPrefix(configuration.catalogPath + "/macros/")
        || needed.contains { error.file.hasPrefix("\(configuration.catalogPath)/datasets/\($0)/") }
    }
    guard errors.isEmpty else {
      throw Refusal(
        .data, errors.map(\.description).joined(separator: "\n       "),
        advice: "Correct the files, then run: aker catalog check")
    }
    _ = try select(names, from: folder)
    return folder
  }

  /// The datasets that were named; all for `nil`.
  ///
  /// - Throws: `Refusal` for a name that does not exist, with those that come near.
  package static func select(_ names: [String]?, from folder: CatalogFolder) throws -> [DatasetSpec] {
    guard let names else { return folder.datasets }
    return try names.map { name in
      if let spec = folder.datasets.first(where: { $0.name == name }) { return spec }
      throw unknown("dataset", name, known: folder.datasets.map(\.name))
    }
  }

  /// - Throws: `Refusal` for a name that does not exist, with those that come near.
  package static func flow(_ name: String, from folder: CatalogFolder) throws -> FlowDefinition {
    if let flow = folder.flows.first(where: { $0.name == name }) { return flow }
    throw unknown("flow", name, known: folder.flows.map(\.name))
  }

  /// - Throws: `Refusal` for a region that none of the datasets has, with those that come near.
  package static func requireRegion(_ region: String, in specs: [DatasetSpec]) throws {
    if specs.contains(where: { $0.contains(region: region) }) { return }
    let split = specs.filter(\.isSplit)
    let names = (split.isEmpty ? specs : split).map(\.name)
    let subject = names.count == 1 ? names[0] : "none of \(names.joined(separator: ", "))"
    if split.isEmpty {
      throw Refusal(
        .state, "\(subject) \(names.count == 1 ? "is not" : "is") split into regions", advice: "Leave regions out.")
    }
    guard DatasetSpec.isRegion(region) else {
      throw Refusal(
        .usage,
        "'\(region)' is the name of no region: letters, digits, '_' and '-', \(DatasetSpec.regionLimit) characters at most",
        advice: "aker catalog ls names the datasets; their pages, in docs/datasets, their regions.")
    }
    var known: [String] = []
    for name in split.flatMap(\.regions) where !known.contains(name) { known.append(name) }
    let others = Set(split.compactMap(\.otherRegionsPattern)).sorted().map { ", and any like \($0)" }.joined()
    throw Refusal(
      .missing, "\(subject) has \(names.count == 1 ? "no" : "a") region '\(region)'",
      advice: NearestName.find(region, in: known).map { "Did you mean \($0)?" }
        ?? "There are: \(known.joined(separator: ", "))\(others)")
  }

  private static func unknown(_ what: String, _ name: String, known: [String]) -> Refusal {
    let near = NearestName.find(name, in: known).map { [$0] } ?? NearestName.list(name, in: known)
    return Refusal(
      .usage, "there is no \(what) '\(name)'",
      advice: near.isEmpty
        ? "There are: \(known.joined(separator: ", "))" : "Did you mean \(near.joined(separator: " or "))?")
  }

  /// Stores sources and the definitions of `specs` and of what they depend on, upstream first, and the views whose tables
  /// are there then.
  ///
  /// - Parameter note: is told what becomes of tasks that wait for these datasets.
  /// - Returns: which views wait for which table.
  @discardableResult
  package static func apply(
    _ specs: [DatasetSpec], from folder: CatalogFolder, _ configuration: AkerConfiguration,
    _ connection: PostgresConnection, note: (String) -> Void = { _ in }
  ) async throws -> [String] {
    let apply = CatalogApply()
    try await apply.applySources(directory: configuration.catalogPath, connection)
    for spec in withUpstream(specs, from: folder) {
      if let text = Self.text(try await apply.apply(spec, connection)) { note(text) }
    }
    return try await apply.applyViews(folder.views, connection)
  }

  /// Applies what is new in the catalog's folder, where there is one: whoever corrected a definition retries it next. What
  /// the database knows already and has superseded, as an old checkout holds it, is not applied.
  ///
  /// - Returns: what was applied.
  /// - Throws: `Refusal` with the mistakes in these datasets' files; others are let be.
  package static func applyNew(
    _ datasets: [String], _ configuration: AkerConfiguration, _ connection: PostgresConnection,
    note: (String) -> Void = { _ in }
  ) async throws -> [DatasetSpec] {
    guard FileManager.default.fileExists(atPath: configuration.catalogPath + "/datasets") else { return [] }
    let folder = KeptCatalog.folder(configuration.catalogPath)
    var new: [DatasetSpec] = []
    for name in datasets {
      let mistakes = folder.errors.filter { $0.file.contains("/datasets/\(name)/") }
      guard mistakes.isEmpty else {
        throw Refusal(
          .data, mistakes.map(\.description).joined(separator: "\n       "),
          advice: "Correct the files, then run: aker catalog check \(name)")
      }
      guard let spec = folder.datasets.first(where: { $0.name == name }) else { continue }
      let known = try await connection.query(
        "SELECT FROM catalog.definition WHERE definition_hash = $1", [spec.definitionHash])
      if known.isEmpty { new.append(spec) }
    }
    if !new.isEmpty { try await apply(new, from: folder, configuration, connection, note: note) }
    return new
  }

  /// Datasets after those that they depend on, each once.
  private static func withUpstream(_ specs: [DatasetSpec], from folder: CatalogFolder) -> [DatasetSpec] {
    var ordered: [DatasetSpec] = []
    var known: Set<String> = []
    func visit(_ spec: DatasetSpec) {
      guard known.insert(spec.name).inserted else { return }
      for name in spec.dependsOn {
        if let upstream = folder.datasets.first(where: { $0.name == name }) { visit(upstream) }
      }
      ordered.append(spec)
    }
    specs.forEach(visit)
    return ordered
  }

  /// Whoever corrects a definition while its tasks wait is told what becomes of them; nil where none do.
  private static func text(_ outcome: CatalogApply.Outcome) -> String? {
    guard outcome.waitingTasks + outcome.runningTasks > 0 else { return nil }
    var parts: [String] = []
    if outcome.waitingTasks > 0 {
      parts.append("\(outcome.waitingTasks.counted("waiting task")) of \(outcome.dataset) will be built by it")
    }
    if outcome.runningTasks > 0 {
      parts.append(
        Advice.runningBefore.text([
          "tasks": outcome.runningTasks.counted("running task"), "dataset": outcome.dataset,
        ]))
    }
    return "definition \(outcome.definitionHash.prefix(12)) is applied; " + parts.joined(separator: "; ")
  }
}
