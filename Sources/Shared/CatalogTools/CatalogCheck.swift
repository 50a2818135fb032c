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
    self.engine = engine
    self.directory = directory
    self.registry = registry
  }

  private struct Column: Decodable {
    let column_name: String
    let column_type: String
  }

  /// All problems of the folder.
  package func run() async throws -> (folder: CatalogFolder, problems: [DefinitionProblem]) {
    let folder = CatalogFolder(directory: directory)
    var problems = folder.problems
    for spec in folder.datasets {
      problems += sources(spec)
      let rowProblems = try await rows(spec, folder)
      problems += rowProblems
      // The views of such requests have the rows' columns.
      if !rowProblems.contains(where: { $0.severity == .error }) { problems += try await transform(spec, folder) }
      if missingExtension(spec) == nil {
        problems += try await CheckBinding(
          spec: spec, datasets: folder.datasets, engine: engine, file: file(spec, "dataset.yml")
        ).problems()
      }
    }
    return (folder, problems)
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
      guard case .sql(let step, let message, let line, let column) = failure.error else { throw failure }
      return [
        DefinitionProblem(
          .error, file: file(spec, ofStep: step), line: line ?? 1, column: column, message)
      ]
    }
    let made = try output.rows(BuildScript.transform, as: Column.self)
    return compare(made.map { ($0.column_name, $0.column_type) }, spec)
  }

  /// The inputs as they are declared, without a row.
  private func inputScript(_ spec: DatasetSpec, _ requests: [DatasetRequest], _ folder: CatalogFolder) -> EngineScript {
    var script = EngineScript()
    script.extensions = spec.extensions
    let upstreams = folder.datasets.filter { spec.dependsOn.contains($0.name) } + (spec.readsItself ? [spec] : [])
    BuildScript.addMacros(&script, spec: spec)
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
    return script
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
        guard case .sql(let step, let message, let line, let column) = failure.error else { throw failure }
        problems.append(
          DefinitionProblem(
            .error, file: file(spec, ofStep: step), line: line ?? (spec.otherSQL[step] == nil ? request.line : 1),
            column: column, message))
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
