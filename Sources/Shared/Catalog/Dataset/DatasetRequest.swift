/// One named input of a dataset: what is asked of a source, and the columns that its answer is declared to have.
package struct DatasetRequest: Sendable, Equatable {
  package var name: String
  package var sourceID: String
  /// Path below the source's endpoint, with `{data_year}`, `{region}`, `{as_of}` to be filled in.
  package var path: String
  package var query: [QueryItem]
  package var format: InputFormat
  /// What is declared, for all years or per range of years; the first that contains the year counts.
  package var vintages: [RequestColumns]
  /// A level that the source does not offer every year: its absence is recorded, and its view is empty.
  package var isOptional: Bool
  /// Where it stands in dataset.yml.
  package var line: Int

  package struct QueryItem: Sendable, Equatable {
    package var name: String
    package var value: String
  }

  package func columns(year: Int) -> RequestColumns? {
    vintages.first { $0.contains(year) }
  }

  /// Every column that some year declares, in order of first mention: what the request's view always has.
  package var allColumns: [String] {
    var seen: Set<String> = []
    return vintages.flatMap(\.names).filter { seen.insert($0).inserted }
  }
}
