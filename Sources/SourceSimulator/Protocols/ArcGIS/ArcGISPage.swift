/// Answers queries from a recorded layer.
struct ArcGISPage: Sendable {
  /// What ArcGIS Server serves a page unless configured.
  static let usualLimit = 1000

  let recorded: JSONValue
  let metadata: JSONValue?
  let quirks: ArcGISQuirks
  let advertisedLimit: Int?

  func answer(_ query: ArcGISQuery) throws -> JSONValue {
    let all = recorded["features"]?.arrayValue ?? []
    let matching = try all.filter { feature in
      let fields = Self.fields(of: feature)
      let byName = Dictionary(fields.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
      guard try query.predicate.holds(byName) else { return false }
      guard let wanted = query.objectIDs else { return true }
      return byName[objectIDField.lowercased()]?.scalarText.map(wanted.contains) ?? false
    }
    if query.wantsCountOnly, !quirks.ignoresCount { return ["count": .integer(matching.count)] }
    if query.wantsIDsOnly {
      let ids = matching.map { feature in
        Self.fields(of: feature).first { $0.key.lowercased() == objectIDField.lowercased() }?.value ?? .null
      }
      return ["objectIdFieldName": .string(objectIDField), "objectIds": .array(ids)]
    }
    return page(of: matching, query)
  }

  private var objectIDField: String {
    (recorded["objectIdFieldName"] ?? metadata?["objectIdField"])?.stringValue ?? "OBJECTID"
  }

  /// One page: holes count, but are not there.
  private func page(of matching: [JSONValue], _ query: ArcGISQuery) -> JSONValue {
    var slots: [JSONValue?] = []
    for (index, feature) in matching.enumerated() {
      for hole in quirks.holes where hole.before == index { slots += Array(repeating: nil, count: hole.count) }
      slots.append(feature)
    }
    let limit = min(query.recordCount ?? .max, quirks.cap ?? advertisedLimit ?? Self.usualLimit)
    let start = min(query.offset, slots.count)
    let end = min(start + limit, slots.count)
    let features = slots[start..<end].compactMap { $0 }.map { Self.reduced($0, query) }
    return flagged(.array(features), isMore: end < slots.count, isGeoJSON: query.isGeoJSON)
  }

  /// The recorded answer with these features, and the flag where the server puts it.
  private func flagged(_ features: JSONValue, isMore: Bool, isGeoJSON: Bool) -> JSONValue {
    guard case .object(let members) = recorded else { return ["features": features] }
    let place = quirks.flag ?? (isGeoJSON ? .properties : .top)
    let name = "exceededTransferLimit"
    var answer = members.filter { $0.key != "features" && $0.key != name && !(isGeoJSON && $0.key == "properties") }
    if isMore, place == .top || place == .both { answer.append(JSONMember(name, true)) }
    if isMore, place == .properties || place == .both {
      answer.append(JSONMember("properties", .object([JSONMember(name, true)])))
    }
    return .object(answer + [JSONMember("features", features)])
  }

  private static func fields(of feature: JSONValue) -> [JSONMember] {
    guard case .object(let members)? = feature["attributes"] ?? feature["properties"] else { return [] }
    return members
  }

  private static func reduced(_ feature: JSONValue, _ query: ArcGISQuery) -> JSONValue {
    guard case .object(let members) = feature else { return feature }
    return .object(
      members.compactMap { member in
        switch (member.key, member.value) {
        case ("geometry", _) where !query.wantsGeometry: return query.isGeoJSON ? JSONMember("geometry", .null) : nil
        case ("attributes", .object(let fields)), ("properties", .object(let fields)):
          guard let wanted = query.fields else { return member }
          return JSONMember(member.key, .object(fields.filter { wanted.contains($0.key.lowercased()) }))
        default: return member
        }
      })
  }
}
