package import Base

/// What the catalog does not have, or the warehouse does not fit.
package enum CatalogError: ClassifiedError, Equatable {
  case unknownDefinition(dataset: String, hash: String)
  case unknownDataset(String, near: String?)
  case nameTaken(dataset: String, by: String)
  case incompatibleTable(dataset: String, changes: [String], sql: [String])

  package var errorClass: ErrorClass { .permanent }

  package var exitStatus: ExitStatus {
    if case .unknownDataset = self { .usage } else { .data }
  }

  package var summary: String {
    switch self {
    case .unknownDefinition(let dataset, let hash): "the database has no definition \(hash.prefix(12)) of \(dataset)"
    case .unknownDataset(let name, let near):
      "there is no dataset '\(name)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
    case .nameTaken(let dataset, let what): "public.\(dataset) is \(what), and no warehouse table of a dataset"
    case .incompatibleTable(let dataset, let changes, _):
      "the warehouse table of \(dataset) cannot become what is declared by adding columns: "
        + changes.joined(separator: "; ")
    }
  }

  package var advice: String? {
    switch self {
    case .unknownDefinition: "Run aker catalog apply."
    case .unknownDataset: nil
    case .nameTaken: "Give the dataset another name. Nothing was changed."
    case .incompatibleTable(_, _, let sql):
      "Run this in psql when nobody needs the old shape:\n" + sql.joined(separator: "\n")
    }
  }
}
