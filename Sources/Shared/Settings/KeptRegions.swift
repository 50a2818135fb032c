internal import Catalog

/// Which regions of a dataset this installation keeps, where that is not what its definition lists. Whether the catalog has
/// them is for whoever reads the catalog to say.
package struct KeptRegions: Sendable, Equatable {
  /// By dataset, as they were named, each once; never empty.
  package private(set) var byDataset: [String: [String]] = [:]

  package static let example = "market_jobs:39041,39049 boundary_tract:11"

  package var isEmpty: Bool { byDataset.isEmpty }

  package init() {}

  /// - Parameter text: as the environment has it: `market_jobs:39041,39049 boundary_tract:11`.
  /// - Throws: `ConfigurationError`.
  package init(_ text: String) throws {
    for entry in text.split(whereSeparator: \.isWhitespace) {
      let halves = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard halves.count == 2, let dataset = Identifier(halves[0]) else {
        throw ConfigurationError.malformedRegions(String(entry))
      }
      let names = halves[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard names.allSatisfy(DatasetSpec.isRegion) else { throw ConfigurationError.malformedRegions(String(entry)) }
      add(names, to: dataset.text)
    }
  }

  /// As `aker.yml` has it: a list of regions by dataset.
  /// - Throws: `YAMLError`.
  init(_ node: YAMLNode) throws {
    for (key, value) in try node.mapping().entries {
      guard let dataset = Identifier(key) else { throw value.error("'\(key)' is not the name of a dataset") }
      let names = try value.strings()
      guard !names.isEmpty else { throw value.error("no region: leave it out for those of its definition") }
      if let name = names.first(where: { !DatasetSpec.isRegion($0) }) {
        throw value.error(
          "region '\(name)' is not usable: letters, digits, '_' and '-', at most \(DatasetSpec.regionLimit) characters")
      }
      add(names, to: dataset.text)
    }
  }

  private mutating func add(_ names: [String], to dataset: String) {
    for name in names where !byDataset[dataset, default: []].contains(name) {
      byDataset[dataset, default: []].append(name)
    }
  }

  /// What `init(_:)` reads.
  package var text: String {
    byDataset.sorted { $0.key < $1.key }.map { "\($0):\($1.joined(separator: ","))" }.joined(separator: " ")
  }

  /// As `queue.plan_backfill()` takes them: each with its dataset, so that it is asked of that one alone.
  package var qualified: [String] {
    byDataset.sorted { $0.key < $1.key }.flatMap { dataset, names in names.map { "\(dataset):\($0)" } }
  }
}
