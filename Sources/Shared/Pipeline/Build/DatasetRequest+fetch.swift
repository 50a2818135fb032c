internal import Catalog
internal import Fetch

extension DatasetRequest {
  /// The document to fetch for one partition.
  func fetchRequest(for partition: Partition) -> FetchRequest {
    func filled(_ text: String) -> String {
      text.replacing("{data_year}", with: String(partition.dataYear))
        .replacing("{yy}", with: String(String(partition.dataYear).suffix(2)))
        .replacing("{region}", with: partition.region).replacing("{as_of}", with: partition.asOf)
    }
    let expected: FetchRequest.Content =
      switch format {
      // A compressed document, rather than a compressed transfer: DuckDB reads it as it is.
      case _ where path.hasSuffix(".gz"): .gzip
      case .jsonTable, .json, .jsonDocument: .json
      case .parquet: .parquet
      case .csv, .tsv, .ndjson, .lines: .text
      }
    var request = FetchRequest(name: name, sourceID: sourceID, path: filled(path), expected: expected)
    request.query = query.map { FetchRequest.Parameter(name: $0.name, value: filled($0.value)) }
    request.isOptional = isOptional
    return request
  }
}
