import FoundationEssentials
import TestSupport

/// The recorded answers of the Census API, read by other means than ours: as the JSON arrays of strings that they are.
struct RecordedIncome {
  struct Totals: Equatable, CustomStringConvertible {
    var rowCount = 0
    /// Of the rows that have a population; nil when none has.
    var population: Int?
    var missingIncomeCount = 0

    var description: String { "\(rowCount) rows, population \(population ?? -1), \(missingIncomeCount) without income" }
  }

  let directory: String

  init(_ recordings: String = PackageRoot.recordings) {
    directory = recordings + "/census_acs5"
  }

  var years: [Int] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: directory).compactMap { Int($0) }.sorted()
    }
  }

  /// What a year's recordings hold of a level: `county`, `state` or `metro`.
  func totals(_ year: Int, _ level: String) throws -> Totals {
    guard let contents = FileManager.default.contents(atPath: "\(directory)/\(year)/\(level).json") else {
      return Totals()
    }
    let rows = try JSONDecoder().decode([[String?]].self, from: contents)
    let header = rows[0]
    let population = header.firstIndex(of: "B01003_001E")
    let income = header.firstIndex(of: "B19013_001E")!
    var totals = Totals()
    for row in rows.dropFirst() {
      totals.rowCount += 1
      if let population, let value = row[population].flatMap({ Int($0) }), value >= 0 {
        totals.population = (totals.population ?? 0) + value
      }
      if row[income].flatMap({ Int($0) }).map({ $0 < 0 }) ?? true { totals.missingIncomeCount += 1 }
    }
    return totals
  }
}
