internal import Catalog
internal import Engine
internal import Fetch

/// Where in the documents what SQL refuses stands: of a transform, and of what selects rows.
struct RefusalPlaces {
  let spec: DatasetSpec
  let partition: Partition
  let fetched: [FetchedInput]
  let upstreams: [UpstreamPartition]
  let engine: Engine

  /// The failure with the places of the value that was refused, where it was one.
  func located(_ failure: EngineFailure) async -> EngineFailure {
    let failure = failure.renamed(
      Dictionary(fetched.compactMap { input in input.path.map { ($0, input.url) } }) { first, _ in first })
    if let value = failure.refusedValue {
      let places = await ValuePlace.find(
        value, in: fetched, of: spec.requests, year: partition.dataYear
      ).map(\.text)
      let found = places.isEmpty ? await cells(value) : places
      if !found.isEmpty { return failure.located(found) }
    }
    if let record = failure.refusedRecord {
      let places = await ValuePlace.find(
        record, isBeginningOfRecord: true, in: fetched, of: spec.requests, year: partition.dataYear)
      if !places.isEmpty { return failure.located(places.map(\.text)) }
    }
    if fetched.contains(where: { failure.summary.contains($0.url) }) { return failure }
    return failure.located(await culprits(failure))
  }

  /// The documents of which one alone cannot be read in the same way, where an error names none: each is read by itself.
  private func culprits(_ failure: EngineFailure) async -> [String] {
    guard case .sql(_, let message, _, _) = failure.error else { return [] }
    var found: [String] = []
    for input in fetched.prefix(Self.culpritLimit) where input.path != nil && found.isEmpty {
      guard let request = spec.requests.first(where: { $0.name == input.requestName }) else { continue }
      var alone = spec
      alone.requests = [request]
      var script = EngineScript.inputs(alone, partition, fetched: [input], upstreams: upstreams)
      // A row as one value: each of its columns is read.
      script.add("all", "SELECT bit_xor(hash(came)) FROM raw.\(SQL.identifier(request.name)) AS came;")
      do {
        _ = try await engine.run(script)
      } catch let alone as EngineFailure {
        guard case .sql(_, let words, _, _) = alone.error, words == message || words.contains(input.url) else {
          continue
        }
        found.append(input.url)
      } catch { return found }
    }
    return found
  }

  /// Documents that are read alone for an error: each takes a process.
  private static let culpritLimit = 40

  private struct Cell: Decodable {
    let row: Int
    let column: String
  }

  /// Where a value stands in documents that are no text, such as workbooks: by row and column, as they were read.
  /// - Parameters: the column and the request where it is known to stand; nil where any may be meant.
  func cells(_ value: String, column: String? = nil, of requestName: String? = nil) async -> [String] {
    var script = EngineScript.inputs(spec, partition, fetched: fetched, upstreams: upstreams)
    script.extensions = spec.extensions
    let requests = spec.requests.filter { request in
      [.xlsx, .shapefile, .feed, .parquet].contains(request.format)
        && fetched.contains { $0.requestName == request.name } && (requestName ?? request.name) == request.name
    }
    if requests.isEmpty { return [] }
    for request in requests {
      let names = (request.columns(year: partition.dataYear)?.names ?? []).filter {
        !request.isPattern($0) && (column ?? $0) == $0
      }
      let cells = names.map { "{'column': \(SQL.literal($0)), 'value': CAST(\(SQL.identifier($0)) AS VARCHAR)}" }
      if cells.isEmpty { continue }
      script.add(
        "places " + request.name,
        """
        SELECT row, cell.column AS column FROM (SELECT row_number() OVER () AS row, unnest([\(cells.joined(separator: ", "))]) AS cell
          FROM raw.\(SQL.identifier(request.name))) WHERE trim(cell.value) = trim(\(SQL.literal(value))) ORDER BY row LIMIT 3;
        """)
    }
    guard let output = try? await engine.run(script) else { return [] }
    return requests.flatMap { request in
      let urls = fetched.filter { $0.requestName == request.name }.map(\.url)
      let place = urls.count == 1 ? urls[0] : "what request \(request.name) brought (\(urls.count) documents)"
      return ((try? output.rows("places " + request.name, as: Cell.self)) ?? [])
        .map { "row \($0.row), column \($0.column) of \(place)" }
    }
  }
}
