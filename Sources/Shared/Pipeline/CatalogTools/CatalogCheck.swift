package import Catalog
package import Engine
internal import FoundationEssentials

/// Binds every transform against the inputs that are declared, without a single row: what DuckDB would refuse at night is
/// refused here.
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
      problems += try await transform(spec, folder)
    }
    return (folder, problems)
  }

  private func file(_ spec: DatasetSpec, _ name: String) -> String { "\(directory)/datasets/\(spec.name)/\(name)" }

  private func sources(_ spec: DatasetSpec) -> [DefinitionProblem] {
    guard let registry else { return [] }
    return spec.requests.filter { registry[$0.sourceID] == nil }.map { request in
      let near = NearestName.find(request.sourceID, in: registry.sources.keys).map { "; did you mean '\($0)'?" } ?? ""
      return DefinitionProblem(
        .error, file: file(spec, "dataset.yml"), line: request.line,
        "request '\(request.name)': there is no source '\(request.sourceID)'\(near)")
    }
  }

  private func transform(_ spec: DatasetSpec, _ folder: CatalogFolder) async throws -> [DefinitionProblem] {
    if spec.hasGeometry && engine.duckdb.spatialExtension == nil {
      return [
        DefinitionProblem(
          .warning, file: file(spec, "dataset.yml"), line: 1,
          "not bound: the dataset has geometry, and the spatial extension is not installed; run scripts/setup")
      ]
    }
    var script = EngineScript()
    script.needsSpatial = spec.hasGeometry
    BuildScript.addInputs(
      &script, views: spec.requests.map { InputView(request: $0, files: [], year: spec.firstYear) }, upstreams: [],
      year: spec.firstYear, region: spec.regions.first ?? "", asOf: "\(spec.firstYear + 1)-01")
    for name in spec.dependsOn {
      guard let upstream = folder.datasets.first(where: { $0.name == name }) else { continue }
      let columns = upstream.columns.map { "\(SQL.identifier($0.name)) \($0.type.duckdbName)" }
      let split = upstream.isSplit ? ["region VARCHAR"] : []
      script.add(
        "published \(name)",
        "CREATE TABLE published.\(SQL.identifier(name)) (\((columns + split + ["data_year INTEGER", "as_of VARCHAR"]).joined(separator: ", ")));"
      )
    }
    script.add(BuildScript.transform, before: "DESCRIBE SELECT * FROM (", userSQL: spec.transformSQL, after: ");")
    let output: EngineOutput
    do {
      output = try await engine.run(script)
    } catch let failure as EngineFailure {
      guard case .sql(let step, let message, let line, let column) = failure.error else { throw failure }
      return [
        DefinitionProblem(
          .error, file: file(spec, step == BuildScript.transform ? "transform.sql" : "dataset.yml"), line: line ?? 1,
          column: column, message)
      ]
    }
    let made = try output.rows(BuildScript.transform, as: Column.self)
    return compare(made.map { ($0.column_name, $0.column_type) }, spec)
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
    for (name, _) in made where spec.column(name) == nil {
      problems.append(
        DefinitionProblem(
          .warning, file: file(spec, "transform.sql"), line: 1,
          "the transform gives a column '\(name)' that is not declared, and so not published"))
    }
    return problems
  }
}
