package import Catalog

/// A dataset as the catalog's folder has it, applied or not.
package struct CatalogDatasetLine: Encodable, Sendable {
  package var name: String
  package var title: String
  package var first_year: Int
  /// Nil while it is still published.
  package var last_year: Int?

  package init(_ spec: DatasetSpec) {
    (name, title, first_year, last_year) = (spec.name, spec.title, spec.firstYear, spec.lastYear)
  }
}
