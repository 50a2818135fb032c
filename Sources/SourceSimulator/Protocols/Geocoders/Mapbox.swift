import FoundationEssentials
import NIOHTTP1

/// `GET /geocoding/v5/<mode>/<address>.json` of Mapbox from a file of that path; what was not recorded is found nowhere: a
/// collection without features.
struct Mapbox: PathProtocol {
  let source: String
  let files: RecordedFiles

  func claims(_ request: Request) -> Bool {
    source.hasPrefix("mapbox") && request.path.hasPrefix("/geocoding/v5/") && request.segments.count == 4
  }

  func answer(_ request: Request, source: String) throws -> Response {
    guard request.query["access_token"]?.isEmpty == false else {
      return .json(["message": "Not Authorized - No Token"], status: .unauthorized)
    }
    let answer = try files.answer(request, source: source)
    guard answer.status == .notFound, let asked = request.segments.last else { return answer }
    let words = asked.replacing(".json", with: "").lowercased().split { !$0.isLetter && !$0.isNumber }
    return .json([
      "type": "FeatureCollection", "query": .array(words.map { .string(String($0)) }), "features": [],
      "attribution": "simulated",
    ])
  }
}
