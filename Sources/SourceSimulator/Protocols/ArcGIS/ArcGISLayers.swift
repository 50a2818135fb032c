import NIOHTTP1

/// `…/FeatureServer/<layer>` and `…/FeatureServer/<layer>/query` (MapServer alike) of ArcGIS servers, from the folder of that
/// path: `features.json` (an `f=json` answer with every feature), `features.geojson` (an `f=geojson` one), `layer.json`
/// (metadata) and `quirks.json`.
///
/// As there: errors are answered 200 with `{"error": …}`, and pages end with `exceededTransferLimit`.
struct ArcGISLayers: PathProtocol {
  private let folder: String
  private let documents: RecordedDocuments

  init(folder: String) {
    self.folder = folder
    documents = RecordedDocuments()
  }

  func claims(_ request: Request) -> Bool {
    guard let path = Self.layerPath(request) else { return false }
    return ["features.json", "features.geojson"].contains { Files.stamp(folder + path + "/" + $0) != nil }
  }

  func answer(_ request: Request, source: String) async throws -> Response {
    guard let path = Self.layerPath(request) else { throw RecordingError("\(request.path) is no layer") }
    let layer = folder + path
    let quirks = try ArcGISQuirks(try await documents.document(layer + "/quirks.json") ?? [:])
    let metadata = try await documents.document(layer + "/layer.json")
    guard request.segments.last == "query" else { return .json(metadata ?? ["error": Self.error("Invalid URL")]) }
    var parameters = request.query
    if request.method == .POST { parameters = Query(String(decoding: request.body, as: UTF8.self)) }
    do {
      let query = try ArcGISQuery(parameters)
      let name = query.isGeoJSON ? "features.geojson" : "features.json"
      guard let recorded = try await documents.document(layer + "/" + name) else {
        throw ArcGISError("Invalid or missing input parameters.")
      }
      let advertised = metadata?["maxRecordCount"]?.scalarText.flatMap { Int($0) }
      let page = ArcGISPage(recorded: recorded, metadata: metadata, quirks: quirks, advertisedLimit: advertised)
      return .json(try page.answer(query))
    } catch let error as ArcGISError {
      return .json(["error": Self.error(error.message)])
    }
  }

  private static func error(_ message: String) -> JSONValue {
    ["code": 400, "message": .string(message), "details": []]
  }

  /// `/…/FeatureServer/0`, of it and of its query.
  private static func layerPath(_ request: Request) -> String? {
    let segments = request.segments
    guard !segments.contains(where: { $0.hasPrefix(".") }),
      let server = segments.firstIndex(where: { $0 == "FeatureServer" || $0 == "MapServer" }),
      segments.count > server + 1, Int(segments[server + 1]) != nil
    else { return nil }
    let rest = segments[(server + 2)...]
    guard rest.isEmpty || Array(rest) == ["query"] else { return nil }
    return "/" + segments[...(server + 1)].joined(separator: "/")
  }
}
