import Base
import Catalog
import CatalogTools
import Settings
import Fetch

/// What the sources want: their keys, and a way to them.
struct SourceChecks {
  let configuration: AkerConfiguration
  /// Whether to ask each endpoint.
  let isOnline: Bool
  /// Datasets that this installation has ever backfilled or is about to; nil for all of the catalog.
  var datasetsInUse: Set<String>?

  /// Endpoints that are asked at a time.
  private static let concurrency = 8

  func findings() async -> [Finding] {
    let registry: SourceRegistry
    do {
      registry = try SourceRegistry(
        directory: configuration.catalogPath, environment: configuration.environment)
    } catch {
      let known = error as? any ClassifiedError
      return [
        .problem(
          "sources", "registry", known?.summary ?? "\(error)", advice: known?.advice ?? "Run: aker catalog check")
      ]
    }
    let all = CatalogFolder(directory: configuration.catalogPath).datasets
    let datasets = all.filter { datasetsInUse?.contains($0.name) ?? true }
    let sources = registry.sources.values.sorted { $0.id < $1.id }.filter(\.isEnabled)
    let users = Dictionary(
      uniqueKeysWithValues: sources.map { source in
        (source.id, datasets.filter { $0.sourceIDs.contains(source.id) }.map(\.name))
      })
    let used = sources.filter { users[$0.id]?.isEmpty == false }
    var findings = registry.warnings.map {
      Finding.note("sources", "registry", $0.description, advice: "Correct the file, then: aker catalog check")
    }
    if datasets.count < all.count {
      findings.append(
        .ok(
          "sources", "in use",
          "\(used.count) of \(sources.count.counted("source")), asked by \(datasets.count.counted("dataset")) used here"
        ))
    }
    findings += keys(used, users)
    if isOnline { findings += await endpoints(used) }
    return findings
  }

  /// One line per key: several sources may share one.
  private func keys(_ sources: [SourceDefinition], _ users: [String: [String]]) -> [Finding] {
    let names = Set(sources.compactMap(\.authKeyName)).sorted()
    return names.map { name in
      let askers = sources.filter { $0.authKeyName == name }
      let variable = "AKER_\(name)"
      let datasets = Set(askers.flatMap { users[$0.id] ?? [] }).sorted().joined(separator: ", ")
      do {
        guard try configuration.secret(name) != nil else {
          return .problem(
            "sources", variable, "is not set; \(datasets) cannot be fetched without it",
            advice: Self.advice(askers) ?? "Set \(variable), or \(variable)_FILE to a file that holds it.")
        }
        return .ok("sources", variable, "set, for \(askers.map(\.id).joined(separator: ", "))")
      } catch {
        let known = error as? any ClassifiedError
        return .problem("sources", variable, known?.summary ?? "\(error)", advice: known?.advice ?? "")
      }
    }
  }

  /// Where to get a key, by the registry's own words.
  private static func advice(_ sources: [SourceDefinition]) -> String? {
    sources.lazy.flatMap(\.errorRules).compactMap(\.advice).first { $0.contains("http") }
  }

  /// One line per endpoint: several sources may share one.
  private func endpoints(_ sources: [SourceDefinition]) async -> [Finding] {
    let groups = Dictionary(grouping: sources, by: \.endpoint).sorted { $0.key < $1.key }
    return await withTaskGroup(of: (Int, Finding).self) { group in
      var waiting = groups.enumerated().makeIterator()
      func start() -> Bool {
        guard let (index, (endpoint, sources)) = waiting.next() else { return false }
        group.addTask { (index, await Self.endpoint(endpoint, sources)) }
        return true
      }
      var isMore = true
      for _ in 0..<Self.concurrency where isMore { isMore = start() }
      var findings: [(Int, Finding)] = []
      while let finding = await group.next() {
        findings.append(finding)
        _ = start()
      }
      return Self.folded(findings.sorted { $0.0 < $1.0 }.map(\.1))
    }
  }

  /// Fewer are read one by one.
  private static let leastFolded = 3
  private static let mostNamed = 3

  /// Twenty endpoints that cannot be reached for one reason are one problem: this host's way out.
  static func folded(_ findings: [Finding]) -> [Finding] {
    let problems = Dictionary(grouping: findings.filter { $0.state == .problem }) { finding in
      // But for the endpoint, and the name in it.
      let reason = finding.detail.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? finding.detail
      return reason.replacing(/[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?/, with: "its host").replacing(
        /[0-9]+ ms/, with: "a while")
    }
    var told: Set<String> = []
    return findings.compactMap { finding in
      guard finding.state == .problem,
        let (reason, alike) = problems.first(where: { $0.value.contains(finding) }).map({ ($0.key, $0.value) }),
        alike.count >= leastFolded
      else { return finding }
      guard told.insert(reason).inserted else { return nil }
      let names = alike.map(\.name)
      return .problem(
        finding.area, "\(alike.count.counted("endpoint"))",
        "\(names.summary(naming: mostNamed, separator: "; ")): \(reason)",
        advice: "Check this host's way out (DNS, proxy, firewall), or point AKER_SOURCE_<ID>_ENDPOINT elsewhere.")
    }
  }

  private static func endpoint(_ endpoint: String, _ sources: [SourceDefinition]) async -> Finding {
    let names = sources.map(\.id).joined(separator: ", ")
    guard let problem = await EndpointProbe.problem(of: sources[0]) else {
      return .ok("sources", names, "\(endpoint) answers")
    }
    return .problem(
      "sources", names, "\(endpoint): \(problem)",
      advice:
        "Check this host's way out (DNS, proxy, firewall), or point AKER_SOURCE_\(sources[0].id.uppercased())_ENDPOINT elsewhere."
    )
  }
}
