import NIOHTTP1

/// One folder of recordings, answered by the protocols that know its paths; what none of them knows is a file.
struct RecordedSource: SourceProtocol {
  private let protocols: [any PathProtocol]
  private let files: RecordedFiles

  init(_ source: String, folder: String) {
    let files = RecordedFiles(folder: folder)
    self.files = files
    protocols = [
      ArcGISLayers(folder: folder), BEATables(source: source, files: files), BLSTimeseries(folder: folder),
      CensusGeocoder(folder: folder), Nominatim(source: source, files: files), Mapbox(source: source, files: files),
    ]
  }

  func answer(_ request: Request, source: String) async throws -> Response {
    for candidate in protocols where candidate.claims(request) {
      return try await candidate.answer(request, source: source)
    }
    return try files.answer(request, source: source)
  }
}
