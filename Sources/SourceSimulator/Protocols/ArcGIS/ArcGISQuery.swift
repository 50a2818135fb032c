/// The parameters of `query`.
struct ArcGISQuery: Sendable {
  var isGeoJSON: Bool
  var predicate: ArcGISPredicate
  /// Nil: every field.
  var fields: Set<String>?
  var offset: Int
  var recordCount: Int?
  var objectIDs: Set<String>?
  var wantsCountOnly: Bool
  var wantsIDsOnly: Bool
  var wantsGeometry: Bool

  init(_ query: Query) throws {
    func value(_ name: String) -> String? {
      query.value(ignoringCase: name).flatMap { $0.isEmpty ? nil : $0 }
    }
    func flag(_ name: String) -> Bool? { value(name).map { $0.lowercased() == "true" } }
    func number(_ name: String) throws -> Int? {
      try value(name).map { text in
        guard let number = Int(text), number >= 0 else { throw ArcGISError("Invalid or missing input parameters.") }
        return number
      }
    }
    let format = value("f") ?? "html"
    guard ["json", "pjson", "geojson"].contains(format) else { throw ArcGISError("Output format not supported.") }
    isGeoJSON = format == "geojson"
    objectIDs = value("objectIds").map { Set($0.split(separator: ",").map { $0.filter { $0 != " " } }) }
    guard let text = value("where") ?? (objectIDs == nil ? nil : "1=1") else {
      throw ArcGISError("Unable to complete operation.")
    }
    predicate = try ArcGISPredicate(text)
    let outFields = value("outFields") ?? ""
    fields =
      outFields.contains("*")
      ? nil : Set(outFields.split(separator: ",").map { String($0.filter { $0 != " " }).lowercased() })
    offset = try number("resultOffset") ?? 0
    recordCount = try number("resultRecordCount")
    wantsCountOnly = flag("returnCountOnly") ?? false
    wantsIDsOnly = flag("returnIdsOnly") ?? false
    wantsGeometry = flag("returnGeometry") ?? true
  }
}
