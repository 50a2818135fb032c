internal import Base
package import Catalog
package import CatalogTools
package import Settings

/// Which regions a command is about: those it was told; else those that this installation keeps; else those that the
/// definition of each dataset lists.
package struct RegionChoice: Sendable {
  private let told: [String]
  private let kept: KeptRegions
  /// `aker.yml`, or the variable.
  private let origin: String

  /// - Parameter told: by `--regions`, which overrides the settings.
  /// - Throws: `Refusal` where the settings name a dataset or a region that the catalog does not have.
  package init(told: [String] = [], _ configuration: AkerConfiguration, _ folder: CatalogFolder) throws {
    self.told = told
    kept = configuration.regions
    origin = (configuration.values[.regions]?.origin ?? .standard).name
    for (dataset, regions) in kept.byDataset.sorted(by: { $0.key < $1.key }) {
      do {
        let spec = try CatalogLoading.select([dataset], from: folder)[0]
        for region in regions { try CatalogLoading.requireRegion(region, in: [spec]) }
      } catch let failure as Refusal {
        throw Refusal(.configuration, "regions of \(origin): \(failure.summary)", advice: failure.advice)
      }
    }
  }

  /// As `queue.plan_backfill()` takes it: the one place that decides which partitions there are.
  package var parameter: [String]? {
    if !told.isEmpty { return told }
    return kept.isEmpty ? nil : kept.qualified
  }

  /// Of one dataset, where nothing is enqueued; the empty one where it is not split.
  package func regions(of spec: DatasetSpec) -> [String] {
    guard spec.isSplit else { return [""] }
    return told.isEmpty ? kept.byDataset[spec.name] ?? spec.regions : told
  }

  /// Datasets whose regions come from the settings.
  package func configured(_ specs: [DatasetSpec]) -> [String] {
    told.isEmpty ? specs.map(\.name).filter { kept.byDataset[$0] != nil }.sorted() : []
  }

  /// For people; nil where no regions come from the settings.
  package func note(_ specs: [DatasetSpec]) -> String? {
    let names = configured(specs)
    return names.isEmpty ? nil : "regions of \(names.joined(separator: ", ")): those of \(origin) (aker config)"
  }
}
