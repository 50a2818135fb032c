package import Catalog
package import Engine
internal import FoundationEssentials

/// Binds every transform against the inputs that are declared, and every check against the columns, without a single row:
/// what DuckDB would refuse at night is refused here.
package struct CatalogCheck: Sendable {
  private let engine: Engine
  private let directory: String
  private let registry: SourceRegistry?

  /// - Parameters:
  ///   - directory: the catalog folder.
  ///   - registry: to know the sources by; unknown ones are not reported where it is nil.
  package init(engine: Engine, directory: String, registry: SourceRegistry?) {
    self.engine = engine.forLooking
    self.directory = directory
    self.registry = registry
  }

  private struct Column: Decodable {
    let column_name: String
    let column_type: String
  }

  /// All problems of the folder, or of some of its datasets and of the files that all share.
  ///
  /// - Parameters:
  ///   - names: the datasets to bind; all unless told.
  ///   - progress: is told how many are bound, and of how many.
  /// - Throws: `CatalogError.unknownDataset`.
  package func run(
    only names: [String] = [], progress: @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> (folder: CatalogFolder, problems: [DefinitionProblem]) {
    let folder = CatalogFolder(directory: directory)
    for name in names where !folder.folderNames.contains(name) { _ = try folder.dataset(name) }
    let chosen = names.isEmpty ? folder.datasets : folder.datasets.filter { names.contains($0.name) }
    let shared = folder.problems.filter { problem in
      names.isEmpty || names.contains { problem.file.hasPrefix("\(directory)/datasets/\($0)/") }
        || !problem.file.hasPrefix("\(directory)/datasets/")
    }
    progress(0, chosen.count)
    var found: [Int: [DefinitionProblem]] = [:]
    try await withThrowingTaskGroup(of: (Int, [DefinitionProblem]).self) { group in
      for (index, spec) in chosen.enumerated() {
        if index >= Self.processCount, let (done, problems) = try await group.next() {
          found[done] = problems
          progress(found.count, chosen.count)
        }
        group.addTask { (index, try await check(spec, folder)) }
      }
      for try await (done, problems) in group {
        found[done] = problems
        progress(found.count, chosen.count)
      }
    }
    return (folder, shared + chosen.indices.flatMap { found[$0] ?? [] })
  }

  /// Binding is work for one processor each.
  private static let processCount = max(2, ProcessInfo.processInfo.activeProcessorCount)

  private func check(_ spec: DatasetSpec, _ folder: CatalogFolder) async throws -> [DefinitionProblem] {
    var problems = sources(spec)
    let binding = CheckBinding(
      spec: spec, datasets: folder.datasets, engine: engine, file: file(spec, "dataset.yml"))
    if let found = try await atOnce(spec, folder, binding) { return problems + found }
    let rowProblems = try await rows(spec, folder)
    problems += rowProblems
    // The views of such requests have the rows' columns.
    if !rowProblems.contains(where: { $0.severity == .error }) { problems += try await transform(spec, folder) }
    if missingExtension(spec) == nil { problems += try await binding.problems() }
    return problems
  }

  /// What requests select, transform and checks in one process, which takes a fraction of the time of one for each.
  ///
  /// - Returns: nil where DuckDB refuses something: bound one by one, it tells all that it refuses.
  private func atOnce(
    _ spec: DatasetSpec, _ folder: CatalogFolder, _ binding: CheckBinding
  ) async throws -> [DefinitionProblem]? {
    guard missingExtension(spec) == nil else { return nil }
    var script = EngineScript()
    script.extensions = spec.extensions
    BuildScript.addMacros(&script, spec: spec)
    let clear = "DROP SCHEMA raw CASCADE; DROP SCHEMA published CASCADE;"
    for (index, request) in spec.requests.enumerated() {
      guard let name = request.rowsFile, let sql = spec.rowsSQL(of: request) else { continue }
      addInputs(&script, spec, Array(spec.requests.prefix(index)), folder)
      script.add("\(index) \(name)", before: "DESCRIBE SELECT * FROM (", userSQL: sql, after: ");")
      script.add("clear", clear)
    }
    addInputs(&script, spec, spec.requests, folder)
    script.add(BuildScript.transform, before: "DESCRIBE SELECT * FROM (", userSQL: spec.transformSQL, after: ");")
    script.add("clear", clear)
    binding.add(to: &script)
    let output: EngineOutput
    do {
      output = try await engine.run(script)
    } catch is EngineFailure {
      return nil
    }
    var problems: [DefinitionProblem] = []
    for (index, request) in spec.requests.enumerated() where request.hasRowColumns {
      let columns = try output.rows("\(index) \(request.rowsFile ?? "")", as: Column.self)
      problems += rowColumns(columns.map(\.column_name), request, spec)
    }
    let made = try output.rows(BuildScript.transform, as: Column.self)
    return try problems + compare(made.map { ($0.column_name, $0.column_type) }, spec) + binding.problems(in: output)
  }

  private func file(_ spec: DatasetSpec, _ name: String) -> String { "\(directory)/datasets/\(spec.name)/\(name)" }

  /// The file that a step's SQL is of; what is made of the requests is of dataset.yml.
  private func file(_ spec: DatasetSpec, ofStep step: String) -> String {
    if spec.macroNames.map(DatasetSpec.macroFile).contains(step) { return "\(directory)/\(step)" }
    return file(spec, step == BuildScript.transform || spec.otherSQL[step] != nil ? step : "dataset.yml")
  }

  private func sources(_ spec: DatasetSpec) -> [DefinitionProblem] {
    guard let registry else { return [] }
    return spec.requests.filter { registry[$0.sourceID] == nil }.map { request in
      let near = NearestName.find(request.sourceID, in: registry.sources.keys).map { "; did you mean '\($0)'?" } ?? ""
      return DefinitionProblem(
        .error, file: file(spec, "dataset.yml"), line: request.line,
        "request '\(request.name)': there is no source '\(request.sourceID)'\(near)")
    }
  }

  private func missingExtension(_ spec: DatasetSpec) -> DuckDBExtension? {
    spec.extensions.first { engine.duckdb.extensions[$0] == nil }
  }

  private func transform(_ spec: DatasetSpec, _ folder: CatalogFolder) async throws -> [DefinitionProblem] {
    if let missing = missingExtension(spec) {
      return [
        DefinitionProblem(
          .warning, file: file(spec, "dataset.yml"), line: 1,
          "not bound: it needs DuckDB's extension \(missing.rawValue), which is not installed; run scripts/setup")
      ]
    }
    var script = inputScript(spec, spec.requests, folder)
    script.add(BuildScript.transform, before: "DESCRIBE SELECT * FROM (", userSQL: spec.transformSQL, after: ");")
    let output: EngineOutput
    do {
      output = try await engine.run(script)
    } catch let failure as EngineFailure {
      guard let refusal = failure.error.refusal else { throw failure }
      return [
        DefinitionProblem(
          .error, file: file(spec, ofStep: refusal.step), line: refusal.line ?? 1, column: refusal.column,
          refusal.message)
      ]
    }
    let made = try output.rows(BuildScript.transform, as: Column.self)
    return compare(made.map { ($0.column_name, $0.column_type) }, spec)
  }

  /// The inputs as they are declared, without a row.
  private func inputScript(_ spec: DatasetSpec, _ requests: [DatasetRequest], _ folder: CatalogFolder) -> EngineScript {
    var script = EngineScript()
    script.extensions = spec.extensions
    BuildScript.addMacros(&script, spec: spec)
    addInputs(&script, spec, requests, folder)
    return script
  }

  private func addInputs(
    _ script: inout EngineScript, _ spec: DatasetSpec, _ requests: [DatasetRequest], _ folder: CatalogFolder
  ) {
    let upstreams = folder.datasets.filter { spec.dependsOn.contains($0.name) } + (spec.readsItself ? [spec] : [])
    BuildScript.addInputs(
      &script,
      views: requests.map { request in
        InputView(
          request: request, files: [], year: spec.firstYear, rowsSQL: spec.rowsSQL(of: request))
      },
      upstreams: upstreams.map {
        BuildScript.Upstream(dataset: $0.name, files: [], columns: BuildScript.Upstream.columns(of: $0))
      },
      year: spec.firstYear, region: spec.regions.first ?? "", asOf: "\(spec.firstYear + 1)-01")
  }

  /// Binds what requests select their rows by, and holds the columns to the placeholders.
  private func rows(_ spec: DatasetSpec, _ folder: CatalogFolder) async throws -> [DefinitionProblem] {
    var problems: [DefinitionProblem] = []
    for (index, request) in spec.requests.enumerated() {
      guard let name = request.rowsFile, let sql = spec.rowsSQL(of: request) else { continue }
      var script = inputScript(spec, Array(spec.requests.prefix(index)), folder)
      script.add(name, before: "DESCRIBE SELECT * FROM (", userSQL: sql, after: ");")
      do {
        let columns = try await engine.run(script).rows(name, as: Column.self).map(\.column_name)
        if request.hasRowColumns { problems += rowColumns(columns, request, spec) }
      } catch let failure as EngineFailure {
        guard let refusal = failure.error.refusal else { throw failure }
        let line = refusal.line ?? (spec.otherSQL[refusal.step] == nil ? request.line : 1)
        problems.append(
          DefinitionProblem(
            .error, file: file(spec, ofStep: refusal.step), line: line, column: refusal.column, refusal.message))
        // What comes after reads the view of this one.
        return problems
      }
    }
    return problems
  }

  private func rowColumns(_ columns: [String], _ request: DatasetRequest, _ spec: DatasetSpec) -> [DefinitionProblem] {
    func problem(_ message: String) -> DefinitionProblem {
      DefinitionProblem(
        .error, file: file(spec, "dataset.yml"), line: request.line, "request '\(request.name)': \(message)")
    }
    let variables = request.variables.map(\.name)
    var problems: [DefinitionProblem] = []
    let known = columns + variables + DatasetRequest.partitionPlaceholders
    for name in Set(request.placeholders).subtracting(known + ["key"]).sorted() {
      let near = NearestName.find(name, in: known).map { "; did you mean '\($0)'?" } ?? ""
      problems.append(
        problem("nothing fills {\(name)}: \(request.rowsFile ?? "") gives \(columns.joined(separator: ", "))\(near)"))
    }
    for name in columns where request.allColumns.contains(name) || variables.contains(name) {
      problems.append(problem("'\(name)' is a column of the rows and of the answer: give one of them another name"))
    }
    return problems
  }

  /// Whether DuckDB has such a cast: those that it lacks, it misses only when there are rows.
  private static func isCastable(_ made: String, to declared: ColumnType) -> Bool {
    let isNested = made.hasSuffix("]") || ["STRUCT(", "MAP(", "UNION("].contains { made.hasPrefix($0) }
    let isDay = made == "DATE" || made.hasPrefix("TIMESTAMP")
    let isNumber =
      ["INT", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN"].contains { made.contains($0) } && made != "INTERVAL"
    return switch declared {
    case .text, .geometry: true
    case .date, .timestamp: !isNested && !isNumber && !(made.hasPrefix("TIME") && !isDay)
    case .integer, .bigint, .double, .decimal, .boolean: !isNested && !isDay && !made.hasPrefix("TIME")
    }
  }

  private func compare(_ made: [(name: String, type: String)], _ spec: DatasetSpec) -> [DefinitionProblem] {
    var problems: [DefinitionProblem] = []
    for column in spec.columns where !made.contains(where: { $0.name == column.name }) {
      let near = NearestName.find(column.name, in: made.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
      problems.append(
        DefinitionProblem(
          .error, file: file(spec, "transform.sql"), line: 1,
          "the transform does not give the declared column '\(column.name)'\(near)"))
    }
    for (name, type) in made {
      guard let declared = spec.column(name)?.type, !Self.isCastable(type, to: declared) else { continue }
      problems.append(
        DefinitionProblem(
          .error, file: file(spec, "transform.sql"), line: 1,
          "the transform gives '\(name)' as \(type), which cannot become the declared \(declared): cast it"))
    }
    for (name, _) in made where spec.column(name) == nil {
      problems.append(
        DefinitionProblem(
          .warning, file: file(spec, "transform.sql"), line: 1,
          "the transform gives a column '\(name)' that is not declared, and so not published"))
    }
    return problems
  }
}
