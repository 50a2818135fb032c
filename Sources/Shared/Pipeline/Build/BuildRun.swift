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
      // Columns that are gone are the reason, and not the statement that missed them; what is no record has none.
      if failure.refusedRecord == nil {
        let validation = validation(drift: try await drift(failure.output), evaluation: nil)
        if validation.hasFailedDrift { throw ValidationError(validation) }
      }
      throw await refusals.located(failure)
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
    await locate(&validation)
    if !validation.success { throw ValidationError(validation) }
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

  private var refusals: RefusalPlaces {
    RefusalPlaces(spec: spec, partition: partition, fetched: fetched, upstreams: upstreams, engine: engine)
  }

  private func drift(_ output: EngineOutput) async throws -> [SchemaDrift] {
    var drifts: [SchemaDrift] = []
    let headers = Dictionary(grouping: try output.rows("headers", as: Header.self), by: \.request)
    for request in spec.requests {
      guard let came = headers[request.name], let declared = request.columns(year: partition.dataYear) else { continue }
      let documents = came.map { header in
        (fetched.first { $0.path == header.file }?.name(request) ?? header.file, header.columns)
      }
      drifts += SchemaDrift.compare(
        request: request, declared: declared, documents: documents, year: partition.dataYear)
    }
    for counted in try output.rows("counts", as: Counted.self) {
      for wrong in counted.wrong {
        let request = spec.requests.filter { $0.name == counted.request }
        let names = request.first?.columns(year: partition.dataYear)?.possibleNames(wrong.column) ?? []
        let places = await ValuePlace.find(
          wrong.example, column: names.count == 1 ? names[0] : nil,
          in: fetched.filter { $0.requestName == counted.request }, of: request, year: partition.dataYear)
        var place = places.first?.text
        if place == nil { place = await refusals.cells(wrong.example, column: wrong.column, of: counted.request).first }
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
