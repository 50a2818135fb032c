import NIOHTTP1

/// `POST /geocoder/{locations,geographies}/addressbatch` and `GET …/onelineaddress` of the Census geocoder, from
/// `recordings/<source>/geocoder/addresses.csv`.
///
/// As there: no header, rows out of order, and fewer columns where nothing or too much was found.
struct CensusGeocoder: PathProtocol {
  /// A batch is limited to 10,000 addresses.
  static let batchLimit = 10_000

  private let addresses: RecordedAddresses

  init(folder: String) {
    addresses = RecordedAddresses(path: folder + "/geocoder/addresses.csv")
  }

  func claims(_ request: Request) -> Bool {
    request.path.hasPrefix("/geocoder/locations/") || request.path.hasPrefix("/geocoder/geographies/")
  }

  func answer(_ request: Request, source: String) async throws -> Response {
    let known = try await addresses.all()
    switch (request.method, request.segments.last) {
    case (.POST, "addressbatch"): return batch(request, known, withGeography: request.segments[1] == "geographies")
    case (.GET, "onelineaddress"): return oneLine(request, known)
    default: return .html(.notFound, title: "404 Not Found", text: "No such page.")
    }
  }

  private func batch(
    _ request: Request, _ known: [String: RecordedAddresses.Address], withGeography: Bool
  ) -> Response {
    let type = request.headers.first(name: "Content-Type") ?? ""
    guard let fields = Multipart.fields(request.body, contentType: type), let file = fields["addressFile"] else {
      return .text(.badRequest, "addressFile is required")
    }
    guard fields["benchmark"]?.isEmpty == false else { return .text(.badRequest, "benchmark is required") }
    guard !withGeography || fields["vintage"]?.isEmpty == false else {
      return .text(.badRequest, "vintage is required")
    }
    let records = CSVTable.records(file)
    guard records.count <= Self.batchLimit else {
      return .text(.badRequest, "addressFile is limited to \(Self.batchLimit) records")
    }
    var lines = records.map { record in
      let parts = record.map { $0.filter { $0 != "\"" } } + Array(repeating: "", count: max(0, 5 - record.count))
      return Self.line(id: parts[0], address: Array(parts[1...4]), known, withGeography: withGeography)
    }
    // Always the same disorder for a batch, so that tests can be repeated.
    var generator = SplitMix64(seed: UInt64(lines.count))
    lines.shuffle(using: &generator)
    return Response(
      .ok,
      headers: [
        "Content-Type": "text/csv;charset=utf-8", "Content-Disposition": "attachment; filename=GeocodeResults.csv",
      ],
      body: BytesBody(lines.map { $0 + "\n" }.joined()))
  }

  private static func line(
    id: String, address: [String], _ known: [String: RecordedAddresses.Address], withGeography: Bool
  ) -> String {
    var fields = [id, address.joined(separator: ", ")]
    let found = known[RecordedAddresses.key(address)]
    switch found?.result {
    case "Match":
      guard let found else { break }
      fields += ["Match", found.matchType, found.matchedAddress, "\(found.longitude),\(found.latitude)"]
      fields += [found.lineID, found.side]
      if withGeography { fields += found.geography }
    case "Tie": fields.append("Tie")
    default: fields.append("No_Match")
    }
    return fields.map { "\"\($0)\"" }.joined(separator: ",")
  }

  private func oneLine(_ request: Request, _ known: [String: RecordedAddresses.Address]) -> Response {
    guard let address = request.query["address"], !address.isEmpty else {
      return .json(["errors": ["address is required"], "status": "400"], status: .badRequest)
    }
    var matches: [JSONValue] = []
    if let found = known[RecordedAddresses.key([address])], found.result == "Match" {
      matches = [
        [
          "matchedAddress": .string(found.matchedAddress),
          "coordinates": ["x": .number(found.longitude), "y": .number(found.latitude)],
          "tigerLine": ["tigerLineId": .string(found.lineID), "side": .string(found.side)],
        ]
      ]
    }
    return .json([
      "result": ["input": ["address": ["address": .string(address)]], "addressMatches": .array(matches)]
    ])
  }
}
