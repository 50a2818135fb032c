internal import Catalog
internal import Engine
internal import Quality

/// Binds a dataset's checks, as one statement over an empty table of the declared columns: a check that could not be made,
/// or that could never be met, is refused before anything is fetched for it.
struct CheckBinding {
  let spec: DatasetSpec
  /// All datasets of the catalog.
  let datasets: [DatasetSpec]
  let engine: Engine
  /// Its dataset.yml.
  let file: String

  func problems() async throws -> [DefinitionProblem] {
    var script = EngineScript()
    addValues(&script)
    var problems = wrongNames
    if !script.steps.isEmpty { problems += try unreadable(await engine.run(script)) }
    // All at once, as it is done over a partition; one by one only to find which it is.
    if try await refusal(sound) == nil { return problems }
    for check in sound {
      if let message = try await refusal([check]) { problems.append(problem(check, message)) }
    }
    return problems
  }

  /// Adds all that `problems(in:)` wants to know, for a script that does more besides: it throws where DuckDB would not
  /// make one of the checks.
  func add(to script: inout EngineScript) {
    addValues(&script)
    addStatement(sound, to: &script)
  }

  func problems(in output: EngineOutput) throws -> [DefinitionProblem] {
    try wrongNames + unreadable(output)
  }

  private var wrongNames: [DefinitionProblem] {
    spec.checks.compactMap { check in refused(check).map { problem(check, $0) } }
  }

  /// Those that DuckDB can be asked about.
  private var sound: [DatasetCheck] { spec.checks.filter { refused($0) == nil } }

  private func refused(_ check: DatasetCheck) -> String? { reference(check) ?? type(check) }

  private func problem(_ check: DatasetCheck, _ message: String) -> DefinitionProblem {
    DefinitionProblem(.error, file: file, line: check.line, "\(check.name.rawValue): \(message)")
  }

  private static func near(_ name: String, _ candidates: [String]) -> String {
    NearestName.find(name, in: candidates).map { "; did you mean '\($0)'?" } ?? ""
  }

  // MARK: Names

  private func columns(of dataset: DatasetSpec) -> [String] {
    BuildScript.Upstream.columns(of: dataset).map(\.name)
  }

  private func reference(_ check: DatasetCheck) -> String? {
    guard let name = check.dataset else { return nil }
    guard let other = datasets.first(where: { $0.name == name }) else {
      return "there is no dataset '\(name)'\(Self.near(name, datasets.map(\.name)))"
    }
    guard let column = check.otherColumn, !columns(of: other).contains(column) else { return nil }
    return "dataset '\(name)' has no column '\(column)'\(Self.near(column, columns(of: other)))"
  }

  // MARK: Types

  /// What DuckDB would take, since everything can be written as text, and what would not mean what it says.
  private func type(_ check: DatasetCheck) -> String? {
    if let minimum = check.minimum, let maximum = check.maximum, minimum > maximum {
      return "nothing is between \(minimum) and \(maximum): min_value is greater than max_value"
    }
    guard let column = check.column.flatMap(spec.column) else { return pair(check) }
    switch check.name {
    case .matchRegex, .notMatchRegex, .lengthBetween:
      guard column.type != .text else { return nil }
      let instead = column.type.isNumber ? "; for numbers there is \(CheckName.between.rawValue)" : ""
      return "'\(column.name)' is \(column.type), and this is about text\(instead)"
    case .minBetween, .maxBetween:
      return column.type.isNumber ? nil : "'\(column.name)' is \(column.type), and this is about numbers"
    case .foreignKey:
      guard let other = datasets.first(where: { $0.name == check.dataset }),
        let target = BuildScript.Upstream.columns(of: other).first(where: { $0.name == check.otherColumn })
      else { return nil }
      return Self.isComparable(column.type.duckdbName, target.type)
        ? nil
        : "'\(column.name)' is \(column.type), and '\(target.name)' of \(other.name) is \(target.type.lowercased()): no value of one is one of the other"
    default: return nil
    }
  }

  private func pair(_ check: DatasetCheck) -> String? {
    let columns = check.columns.compactMap(spec.column)
    guard check.name == .pairAGreater, columns.count == 2 else { return nil }
    let (first, second) = (columns[0], columns[1])
    if first.type == second.type || (first.type.isNumber && second.type.isNumber) { return nil }
    return
      "'\(first.name)' is \(first.type) and '\(second.name)' is \(second.type): neither is greater than the other"
  }

  /// They are compared as text.
  private static func isComparable(_ first: String, _ second: String) -> Bool {
    let whole: Set<String> = ["INTEGER", "BIGINT"]
    return first == second || (whole.contains(first) && whole.contains(second))
  }

  // MARK: Values

  private struct Reading: Decodable {
    let check: Int
    let value: String
    let reading: String?
  }

  /// Values are compared as text, so that they have to be written as DuckDB writes them: a double is never `1`.
  private func addValues(_ script: inout EngineScript) {
    for (index, check) in sound.enumerated() {
      let column = check.rows?.column ?? check.column
      let values = check.rows.map { [$0.value] } ?? check.values
      guard let type = column.flatMap(spec.column)?.type, type != .text, type != .geometry, !values.isEmpty else {
        continue
      }
      script.add(
        "\(Self.valuesStep)\(index)",
        """
        SELECT \(index) AS "check", value, CAST(TRY_CAST(value AS \(type.duckdbName)) AS VARCHAR) AS reading
        FROM (SELECT unnest(\(SQL.list(values))) AS value) WHERE reading IS DISTINCT FROM value;
        """)
    }
  }

  private static let valuesStep = "values "

  private func unreadable(_ output: EngineOutput) throws -> [DefinitionProblem] {
    let checks = sound
    return try checks.indices.flatMap { try output.rows("\(Self.valuesStep)\($0)", as: Reading.self) }.map { reading in
      let check = checks[reading.check]
      let column = (check.rows?.column ?? check.column).flatMap(spec.column)
      let type = column?.type.description ?? ""
      let suggestion = reading.reading.map { "; write '\($0)'" } ?? ""
      return problem(
        check, "'\(column?.name ?? "")' is \(type), and never reads '\(reading.value)'\(suggestion)")
    }
  }

  // MARK: The statement

  /// Why DuckDB would not make them; nil where it would.
  private func refusal(_ checks: [DatasetCheck]) async throws -> String? {
    var script = EngineScript()
    script.extensions = spec.extensions
    addStatement(checks, to: &script)
    do {
      _ = try await engine.run(script)
      return nil
    } catch let failure as EngineFailure {
      guard let refusal = failure.error.refusal else { throw failure }
      return refusal.message
    }
  }

  private func addStatement(_ checks: [DatasetCheck], to script: inout EngineScript) {
    var bound = spec
    bound.checks = checks
    let query = CheckQuery(bound, table: "checked")
    let compared = datasets.filter { other in checks.contains { $0.dataset == other.name } }
    BuildScript.addInputs(
      &script, views: [],
      upstreams: compared.map {
        BuildScript.Upstream(dataset: $0.name, files: [], columns: BuildScript.Upstream.columns(of: $0))
      },
      year: spec.firstYear, region: spec.regions.first ?? "", asOf: "\(spec.firstYear + 1)-01")
    let columns = spec.columns.map { "\(SQL.identifier($0.name)) \($0.type.duckdbName)" }
    script.add("table", "CREATE TABLE checked (\(columns.joined(separator: ", ")));")
    script.add("checks", query.sql)
    for (index, check) in query.checks.enumerated() {
      if let sql = query.examplesSQL(check) { script.add("examples\(index)", sql) }
    }
  }
}
