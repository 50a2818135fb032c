internal import Catalog
internal import FoundationEssentials

/// What a Parquet file says of itself, for whoever finds it without us: the key `aker` of its metadata, a JSON object.
/// Nothing of the run is in it: the same rows by the same definition are the same bytes.
struct ParquetMetadata: Encodable {
  struct Column: Encodable {
    var name: String
    var type: String
    var unit: String?
    var description: String
    var isKey: Bool

    enum CodingKeys: String, CodingKey {
      case name, type, unit, description
      case isKey = "is_key"
    }
  }

  /// The key in the file's metadata.
  static let key = "aker"

  var dataset: String
  var title: String
  var description: String
  var columns: [Column]

  init(_ spec: DatasetSpec) {
    dataset = spec.name
    title = spec.title
    description = spec.description
    columns = spec.columns.map {
      Column(
        name: $0.name, type: $0.type.description, unit: $0.unit, description: $0.description,
        isKey: spec.key.contains($0.name))
    }
  }

  /// As an option of DuckDB's COPY.
  func option() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(self), as: UTF8.self)
    return "KV_METADATA {\(Self.key): \(SQL.literal(json))}"
  }
}
