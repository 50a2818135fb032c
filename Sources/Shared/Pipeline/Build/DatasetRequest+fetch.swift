internal import Catalog
internal import Fetch

extension DatasetRequest {
  /// The document to fetch for one partition.
  func fetchRequest(for partition: Partition) -> FetchRequest {
    func filled(_ text: String) -> String {
      text.replacing("{data_year}", with: String(partition.dataYear)).replacing("{region}", with: partition.region)
        .replacing("{as_of}", with: partition.asOf)
    }
    let expected: FetchRequest.Content =
      switch format {
      case .jsonTable, .json: .json
      case .parquet: .parquet
      case .csv, .tsv, .ndjson: .text
      }
    var request = FetchRequest(name: name, sourceID: sourceID, path: filled(path), expected: expected)
    request.query = query.map { FetchRequest.Parameter(name: $0.name, value: filled($0.value)) }
    request.isOptional = isOptional
    return request
  }
}
