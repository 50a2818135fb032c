extension DatasetSpec {
  /// A definition that was read, and what was warned of.
  package struct Reading: Sendable {
    package var spec: DatasetSpec?
    package var problems: [DefinitionProblem]

    package var errors: [DefinitionProblem] { problems.filter { $0.severity == .error } }
  }

  private static let fieldNames = [
    "name", "title", "description", "owner", "partitions", "depends_on", "requests", "columns", "key", "checks",
    "retention", "known_breaks", "macros", "indexes", "review",
  ]

  /// Reads a definition. `file` is what problems are reported against; `folder`, where given, must be the name.
  ///
  /// - Parameter otherSQL: the other SQL files of the dataset's folder, by name, and the catalog's macros as `macros/<name>.sql`.
  package static func read(
    datasetYAML: String, transformSQL: String, otherSQL: [String: String] = [:], file: String = "dataset.yml",
    folder: String? = nil
  ) -> Reading {
    let reader = DefinitionReader(file: file)
    guard let root = reader.root(datasetYAML) else { return Reading(spec: nil, problems: reader.problems) }
    let fields = root.fields(known: fieldNames)
    func required(_ name: String) -> DefinitionNode? {
      if fields[name] == nil { root.error("field '\(name)' is missing") }
      return fields[name]
    }

    let name = required("name").flatMap { identifier($0, limit: nameLimit) } ?? ""
    if let folder, !name.isEmpty, folder != name {
      fields["name"]?.error("the dataset is named '\(name)', but its folder is '\(folder)'")
    }
    var spec = DatasetSpec(
      name: name, title: required("title")?.text ?? "", description: fields["description"]?.text ?? "",
      owner: fields["owner"]?.text ?? "", firstYear: 0, lastYear: nil, regions: [], isSplit: false,
      dependsOn: fields["depends_on"]?.elements.compactMap { identifier($0, limit: nameLimit) } ?? [], requests: [],
      columns: [], key: [], checks: [], knownBreaks: fields["known_breaks"]?.texts ?? [], datasetYAML: datasetYAML,
      transformSQL: transformSQL, macroNames: [])
    if let retention = fields["retention"] { spec.keptVintageCount = readRetention(retention) }
    if spec.dependsOn.contains(name) { fields["depends_on"]?.error("a dataset cannot depend on itself") }

    if let partitions = required("partitions") { readPartitions(partitions, into: &spec) }
    spec.requests = fields["requests"]?.elements.compactMap(DatasetRequest.read) ?? []
    if spec.requests.isEmpty && spec.dependsOn.isEmpty {
      root.error("nothing to read: declare requests, or depends_on")
    }
    unique(spec.requests.map { ($0.name, $0.line) }, "request", reader)
    readFiles(fields["macros"], otherSQL, into: &spec, reader)
    readColumns(required("columns"), key: fields["key"], into: &spec)
    if fields["key"] == nil { root.warning("no key: rows cannot be compared between vintages, nor kept unique") }
    spec.indexes =
      fields["indexes"]?.elements.compactMap {
        DatasetIndex.read($0, columns: spec.columns, isSplit: spec.isSplit)
      } ?? []
    if let node = fields["review"] {
      spec.review = DatasetReview.read(node, columns: spec.columns)
      if let row = spec.review?.row, !spec.key.contains(row) {
        node.error("column '\(row)' names rows, and is no part of the key")
      }
    }
    spec.checks = fields["checks"]?.elements.compactMap { DatasetCheck.read($0, columns: spec.columns) } ?? []
    requireDependencies(of: spec, reader)
    if transformSQL.allSatisfy(\.isWhitespace) { root.error("transform.sql is empty") }
    if let problem = tooLong(transformSQL) { root.error("transform.sql: \(problem)") }
    let failed = reader.problems.contains { $0.severity == .error }
    return Reading(spec: failed ? nil : spec, problems: reader.problems)
  }

  /// The SQL that stands in other files: of requests beside the definition, and macros of the whole catalog.
  private static func readFiles(
    _ macros: DefinitionNode?, _ otherSQL: [String: String], into spec: inout DatasetSpec, _ reader: DefinitionReader
  ) {
    for request in spec.requests {
      guard let name = request.rowsFile else { continue }
      if let sql = otherSQL[name] {
        spec.otherSQL[name] = sql
        if let problem = tooLong(sql) {
          reader.problems.append(
            DefinitionProblem(.error, file: reader.file, line: request.line, "\(name): \(problem)"))
        }
      } else {
        reader.problems.append(
          DefinitionProblem(
            .error, file: reader.file, line: request.line,
            "request '\(request.name)': there is no file '\(name)' beside it\(near(name, Array(otherSQL.keys)))"))
      }
    }
    for node in macros?.elements ?? [] {
      guard let name = identifier(node) else { continue }
      let file = macroFile(name)
      if spec.macroNames.contains(name) { node.error("macros '\(name)' is there twice") }
      guard let sql = otherSQL[file] else {
        node.error("there is no file '\(file)' in the catalog\(near(file, Array(otherSQL.keys)))")
        continue
      }
      if let problem = tooLong(sql) { node.error("\(file): \(problem)") }
      spec.macroNames.append(name)
      spec.otherSQL[file] = sql
    }
  }

  private static func readColumns(_ columns: DefinitionNode?, key: DefinitionNode?, into spec: inout DatasetSpec) {
    for node in columns?.elements ?? [] {
      guard let column = DatasetColumn.read(node) else { continue }
      if spec.column(column.name) != nil { node.error("column '\(column.name)' is there twice") }
      spec.columns.append(column)
    }
    for node in key?.elements ?? [] {
      guard let column = node.text else { continue }
      if let declared = spec.column(column) {
        if declared.type == .geometry { node.error("a geometry cannot be part of the key") }
        spec.key.append(column)
      } else {
        node.error("key column '\(column)' is not declared\(near(column, spec.columns.map(\.name)))")
      }
    }
  }

  /// A warning may compare with what is there, if it is; what stops a publication must not depend on that.
  private static func requireDependencies(of spec: DatasetSpec, _ reader: DefinitionReader) {
    for check in spec.checks {
      guard let dataset = check.dataset, check.severity == .fail, !spec.dependsOn.contains(dataset) else { continue }
      let near = near(dataset, spec.dependsOn)
      reader.problems.append(
        DefinitionProblem(
          .error, file: reader.file, line: check.line,
          "\(check.name.rawValue) reads dataset '\(dataset)', which depends_on does not name"
            + (near.isEmpty ? "; or say severity: warn" : near)))
    }
  }

  private static func readPartitions(_ node: DefinitionNode, into spec: inout DatasetSpec) {
    let fields = node.fields(known: ["years", "regions", "other_regions", "country"])
    if let years = fields["years"] {
      if let range = years.text.flatMap(YearRange.init) {
        spec.firstYear = range.first
        spec.lastYear = range.last
      } else {
        years.error("expected years as 2009- or 2009-2020")
      }
    } else {
      node.error("field 'years' is missing")
    }
    guard let regions = fields["regions"] else {
      fields["other_regions"]?.error("other_regions without regions: name those that a backfill builds unless told")
      return
    }
    for region in regions.elements {
      guard let name = region.text else { continue }
      if isRegion(name) {
        if spec.regions.contains(name) { region.error("region '\(name)' is there twice") }
        spec.regions.append(name)
      } else {
        region.error("region '\(name)' is not usable: letters, digits, '_' and '-', at most \(regionLimit) characters")
      }
    }
    spec.isSplit = !spec.regions.isEmpty
    spec.country = fields["country"].flatMap(WholeCountry.read)
    guard let others = fields["other_regions"], let pattern = others.text else { return }
    guard (try? Regex(pattern)) != nil else { return others.error("other_regions is not a regular expression") }
    spec.otherRegionsPattern = pattern
  }

  private static func readRetention(_ node: DefinitionNode) -> Int? {
    guard let count = node.fields(known: ["keep_vintages"])["keep_vintages"] else {
      node.error("retention needs keep_vintages")
      return nil
    }
    guard let number = count.text.flatMap({ Int($0) }), number >= 1 else {
      count.error("keep_vintages is a number of vintages, 1 or more")
      return nil
    }
    return number
  }

  /// At most so many characters: with a dataset's name and a year they are the name of a table.
  package static let regionLimit = 16

  /// Regions become names of tables and folders.
  package static func isRegion(_ name: String) -> Bool {
    (1...regionLimit).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// A name that is safe in SQL and in a path.
  static func identifier(_ node: DefinitionNode, limit: Int = 63) -> String? {
    guard let name = node.text else { return nil }
    guard isIdentifier(name, limit: limit) else {
      node.error("'\(name)' is not usable as a name: a-z, then a-z, 0-9 and '_', at most \(limit)")
      return nil
    }
    return name
  }

  package static func isIdentifier(_ name: String, limit: Int = 63) -> Bool {
    Identifier(name) != nil && name.utf8.count <= limit
  }

  static func near(_ name: String, _ names: [String]) -> String {
    NearestName.find(name, in: names).map { "; did you mean '\($0)'?" } ?? ""
  }

  private static func unique(_ names: [(String, Int)], _ kind: String, _ reader: DefinitionReader) {
    var seen: Set<String> = []
    for (name, line) in names where !seen.insert(name).inserted {
      reader.problems.append(
        DefinitionProblem(.error, file: reader.file, line: line, "\(kind) '\(name)' is there twice"))
    }
  }
}
