/// The object ids of a page of an ArcGIS layer, wherever its server puts them.
enum FeatureIDs {
  /// What servers call the field, where they do not say (`f=geojson`).
  private static let usualNames = [
    "OBJECTID", "objectid", "ObjectID", "ObjectId", "OBJECTID_1", "FID", "OID", "ESRI_OID",
  ]

  /// - Parameter field: what the server says that the field is called.
  /// - Returns: one for each feature, in the page's order; nil where not every feature shows a whole number there.
  /// - Throws: `JSONScan.Failure`.
  static func read(_ path: String, field: String?) throws -> [Int64]? {
    let names = [field].compactMap { $0 } + usualNames.filter { $0 != field }
    let places =
      names.flatMap { ["features[*].attributes.\($0)", "features[*].properties.\($0)"] } + ["features[*].id"]
    let scan = try JSONScan(file: path, paths: ["features", "objectIdFieldName"] + places)
    guard let count = scan.elementCounts[0] else { return nil }
    if field == nil, let said = scan.texts[1].first, said != names[0] { return try read(path, field: said) }
    return scan.texts[2...].lazy.map { texts in texts.compactMap { Int64($0) } }.first { $0.count == count }
  }
}
