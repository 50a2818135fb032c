internal import FoundationEssentials

/// All sources: `sources.yml`, then `sources_supplement.yml` over it, merged by `id`.
package struct SourceRegistry: Sendable {
  package private(set) var sources: [String: SourceDefinition] = [:]
  package private(set) var warnings: [YAMLProblem] = []

  /// - Parameters:
  ///   - directory: the catalog folder.
  ///   - environment: for `AKER_SOURCE_<ID>_ENDPOINT`, which also enables a source and allows a private address: whoever
  ///     sets it decides for this process.
  /// - Throws: `YAMLError`, with file and line.
  package init(directory: String, environment: [String: String] = [:]) throws {
    try add(YAMLNode.read(file: directory + "/sources.yml"))
    let supplement = directory + "/sources_supplement.yml"
    if FileManager.default.fileExists(atPath: supplement) { try add(YAMLNode.read(file: supplement)) }
    apply(environment)
  }

  /// From text instead of files.
  package init(_ documents: [YAMLNode], environment: [String: String] = [:]) throws {
    for document in documents { try add(document) }
    apply(environment)
  }

  package init(sources: [SourceDefinition], environment: [String: String] = [:]) {
    self.sources = Dictionary(uniqueKeysWithValues: sources.map { ($0.id, $0) })
    apply(environment)
  }

  package subscript(id: String) -> SourceDefinition? { sources[id] }

  private mutating func add(_ document: YAMLNode) throws {
    var fields = try document.mapping()
    var declared: Set<String> = []
    for node in try fields.require("sources").list() {
      var entry = try node.mapping()
      let id = try entry.require("id").identifier()
      guard declared.insert(id).inserted else { throw node.error("source '\(id)' is declared twice in this file") }
      sources[id] = try SourceDefinition(node, over: sources[id], &warnings)
    }
    fields.finish(&warnings)
  }

  private mutating func apply(_ environment: [String: String]) {
    for id in sources.keys {
      guard var endpoint = environment["AKER_SOURCE_\(id.uppercased())_ENDPOINT"], !endpoint.isEmpty else { continue }
      while endpoint.hasSuffix("/") { endpoint.removeLast() }
      sources[id]?.endpoint = endpoint
      sources[id]?.isEnabled = true
      sources[id]?.allowsPrivateAddress = true
    }
  }
}
