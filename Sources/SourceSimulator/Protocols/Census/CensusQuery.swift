import NIOHTTP1

/// `get`, `for` and `in`, read as the Census API reads them.
struct CensusQuery: Sendable {
  var variables: [String]
  var level: CensusLevel
  /// The codes that are wanted of a geography column; a column that is absent here is not limited.
  var codes: [String: Set<String>] = [:]

  init(_ query: Query) throws {
    guard let get = query["get"], !get.isEmpty else { throw CensusQueryError("missing 'get' argument") }
    guard let predicate = query["for"], !predicate.isEmpty else { throw CensusQueryError("missing 'for' argument") }
    variables = get.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    guard variables.count <= CensusACS5.variableLimit else {
      throw CensusQueryError("'get' is limited to \(CensusACS5.variableLimit) variables")
    }
    let (name, wanted) = Self.geography(predicate[...])
    guard let level = CensusLevel.all.first(where: { $0.name == name }) else {
      throw CensusQueryError("unknown/unsupported geography hierarchy")
    }
    self.level = level
    if let own = level.geographyColumns.last { codes[own] = wanted }
    for container in query.values("in").flatMap({ $0.split(separator: " ") }) {
      let (name, wanted) = Self.geography(container)
      guard level.containers.contains(name) else { throw CensusQueryError("unknown/unsupported geography hierarchy") }
      codes[name] = wanted
    }
    for variable in variables where !CensusVariable.isKnownShape(variable) {
      throw CensusQueryError("unknown variable '\(variable)'")
    }
  }

  /// `state:24,51` → its name and codes; no codes for `*`.
  private static func geography(_ text: Substring) -> (String, Set<String>?) {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, halves[1] != "*" else { return (String(halves[0]), nil) }
    return (String(halves[0]), Set(halves[1].split(separator: ",").map { String($0) }))
  }

  /// The asked columns in the asked order, then the geography; a variable that was not recorded is null in every row.
  func answer(from table: RecordedTable) throws -> Response {
    let filters = try level.geographyColumns.compactMap { name -> (Int, Set<String>)? in
      guard let column = table.header.firstIndex(of: name) else { throw RecordingError("no column \(name)") }
      return codes[name].map { (column, $0) }
    }
    let rows = table.rows.filter { row in
      filters.allSatisfy { column, wanted in row[column].stringValue.map(wanted.contains) ?? false }
    }
    guard !rows.isEmpty else { return Response(.noContent) }
    let names = variables + level.geographyColumns
    let columns = names.map { table.header.firstIndex(of: $0) }
    var bytes: [UInt8] = Array("[".utf8)
    JSONValue.array(names.map { .string($0) }).write(to: &bytes)
    for row in rows {
      bytes += ",\n".utf8
      JSONValue.array(columns.map { $0.map { row[$0] } ?? .null }).write(to: &bytes)
    }
    bytes += "]".utf8
    var response = Response(
      .ok, headers: ["Content-Type": "application/json;charset=utf-8"], body: BytesBody(bytes))
    let unrecorded = zip(names, columns).filter { $0.1 == nil }.map(\.0)
    if !unrecorded.isEmpty {
      response.headers.add(name: "X-Simulator-Unrecorded", value: unrecorded.joined(separator: ","))
    }
    return response
  }
}
