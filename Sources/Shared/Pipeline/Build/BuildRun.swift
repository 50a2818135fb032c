internal import Catalog
internal import Engine
internal import Fetch
internal import FoundationEssentials
internal import Quality

/// One DuckDB process that reads the inputs, transforms them into a Parquet file, and computes all checks over it.
struct BuildRun {
  let spec: DatasetSpec
  let partition: Partition
  let fetched: [FetchedInput]
  let upstreams: [UpstreamPartition]
  let engine: Engine
  let file: String
  /// Where the rows go for COPY, if they are few.
  var rowsFile: String?
  let context: CheckContext

  /// The dataset with the checks that are made for this year.
  private var judged: DatasetSpec {
    var judged = spec
    judged.checks = spec.checks.filter { $0.years?.contains(partition.dataYear) ?? true }
    return judged
  }

  private var absentDatasets: Set<String> { Set(spec.comparedDatasets).subtracting(upstreams.map(\.dataset)) }

  private struct Header: Decodable {
    let request: String
    let file: String
    let columns: [String?]
  }

  private struct Counted: Decodable {
    struct Wrong: Decodable {
      let column: String
      let type: String
      let count: Int
      let example: String
    }

    let request: String
    let rows: Int
    let wrong: [Wrong]
  }

  private struct Flattened: Decodable {
    let request: String
    let flattened: Int
  }

  /// - Throws: `ValidationError` when what came, or what was made of it, is not as declared; `EngineFailure`.
  func run() async throws -> Validation {
    let query = CheckQuery(judged, file: file, absentDatasets: absentDatasets)
    var script = inputScript()
    try BuildScript.addTransform(&script, spec: spec, output: file)
    script.add("checks", query.sql)
    if let rowsFile {
      BuildScript.addExport(
        &script, spec: spec, file: file, year: partition.dataYear, region: partition.region, asOf: partition.asOf,
        output: rowsFile)
    }

    let output: EngineOutput
    do {
      output = try await engine.run(script)
    } catch let failure as EngineFailure {
      // Columns that are gone are the reason, and not the statement that missed them.
      let validation = validation(drift: try await drift(failure.output), evaluation: nil)
      if validation.hasFailedDrift { throw ValidationError(validation) }
      throw await located(failure)
    }
    let drift = try await drift(output)
    try checkCounts(output)
    guard let figures = try output.rows("checks", as: [String: Double?].self).first else {
      throw PipelineError.notPublished(partition.description)
    }
    let evaluation = CheckEvaluation(figures, spec: judged, query: query, context: context)
    var validation = validation(drift: drift, evaluation: evaluation)
    if validation.hasFailedDrift { throw ValidationError(validation) }
    try await addExamples(to: &validation, query)
    if !validation.success {
      await locate(&validation)
      throw ValidationError(validation)
    }
    return validation
  }

  /// Only the checks, over a file that is there. Throws for none of them.
  func checkAgain() async throws -> Validation {
    let query = CheckQuery(judged, file: file, absentDatasets: absentDatasets)
    var script = inputScript()
    script.extensions = spec.extensions
    script.readPaths.append(file)
    script.add("checks", query.sql)
    let output = try await engine.run(script)
    guard let figures = try output.rows("checks", as: [String: Double?].self).first else {
      throw PipelineError.notPublished(partition.description)
    }
    var validation = validation(
      drift: [], evaluation: CheckEvaluation(figures, spec: judged, query: query, context: context))
    try await addExamples(to: &validation, query)
    return validation
  }

  private func inputScript() -> EngineScript {
    EngineScript.inputs(spec, partition, fetched: fetched, upstreams: upstreams)
  }

  /// What the preparation counted must be what DuckDB read: a row that the one sees and the other does not is never lost in
  /// silence.
  private func checkCounts(_ output: EngineOutput) throws {
    let counts = try output.rows("counts", as: Counted.self)
    for request in spec.requests {
      let inputs = fetched.filter { $0.requestName == request.name && $0.path != nil }
      let known = inputs.compactMap(\.layout?.rowCount)
      guard !inputs.isEmpty, known.count == inputs.count,
        let read = counts.first(where: { $0.request == request.name })?.rows
      else { continue }
      let expected = known.reduce(0, +)
      if read != expected {
        throw PipelineError.miscounted(
          partition: partition.description, request: request.name, expected: expected, read: read)
      }
    }
  }

  /// The failure with the places of the value that was refused, where it was one.
  private func located(_ failure: EngineFailure) async -> EngineFailure {
    let failure = failure.renamed(
      Dictionary(fetched.compactMap { input in input.path.map { ($0, input.url) } }) { first, _ in first })
    if let value = failure.refusedValue {
      let places = await ValuePlace.find(
        value, in: fetched, of: spec.requests, year: partition.dataYear
      ).map(\.text)
      let found = places.isEmpty ? await cells(value) : places
      if !found.isEmpty { return failure.located(found) }
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
  private func cells(_ value: String, column: String? = nil, of requestName: String? = nil) async -> [String] {
    var script = inputScript()
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

  private func drift(_ output: EngineOutput) async throws -> [SchemaDrift] {
    var drifts: [SchemaDrift] = []
    for header in try output.rows("headers", as: Header.self) {
      guard let request = spec.requests.first(where: { $0.name == header.request }),
        let declared = request.columns(year: partition.dataYear)
      else { continue }
      for drift in SchemaDrift.compare(
        request: request, declared: declared, header: names(header.columns), year: partition.dataYear)
      where !drifts.contains(drift) {
        drifts.append(drift)
      }
    }
    for counted in try output.rows("counts", as: Counted.self) {
      for wrong in counted.wrong {
        let request = spec.requests.filter { $0.name == counted.request }
        let names = request.first?.columns(year: partition.dataYear)?.possibleNames(wrong.column) ?? []
        let places = await ValuePlace.find(
          wrong.example, column: names.count == 1 ? names[0] : nil,
          in: fetched.filter { $0.requestName == counted.request }, of: request, year: partition.dataYear)
        var place = places.first?.text
        if place == nil { place = await cells(wrong.example, column: wrong.column, of: counted.request).first }
        drifts.append(
          SchemaDrift.retyped(
            request: counted.request, column: wrong.column, type: wrong.type, count: wrong.count,
            example: wrong.example, place: place))
      }
    }
    for found in try output.rows("flattened", as: Flattened.self) {
      drifts.append(SchemaDrift.flattened(request: found.request, count: found.flattened))
    }
    return drifts
  }

  /// A cell without a name is no column that anybody could have declared.
  private func names(_ header: [String?]) -> [String] {
    let names = RequestColumns.names(header.map { $0 ?? "" })
    return zip(header, names).filter { cell, _ in cell?.contains { !$0.isWhitespace } ?? false }.map(\.1)
  }

  /// Asks for rows only where a check found some: usually nowhere.
  private func addExamples(to validation: inout Validation, _ query: CheckQuery) async throws {
    let wanted = validation.results.indices.filter { index in
      let result = validation.results[index]
      return (result.unexpectedCount ?? 0) > 0 && query.examplesSQL(result.check) != nil
    }
    if wanted.isEmpty { return }
    // Checks may read what the transform reads: published datasets.
    var script = inputScript()
    script.extensions = spec.extensions
    script.readPaths.append(file)
    for index in wanted {
      if let sql = query.examplesSQL(validation.results[index].check) { script.add("examples\(index)", sql) }
    }
    let output = try await engine.run(script)
    for index in wanted { validation.results[index].examples = output.texts("examples\(index)") }
  }

  private func validation(drift: [SchemaDrift], evaluation: CheckEvaluation?) -> Validation {
    Validation(
      dataset: spec.name, dataYear: partition.dataYear, region: partition.region, asOf: partition.asOf,
      definitionHash: spec.definitionHash, drift: drift, results: evaluation?.results ?? [],
      rowCount: evaluation?.rowCount, profile: evaluation?.profile ?? Profile(nulls: [:], levels: [:]))
  }
}
