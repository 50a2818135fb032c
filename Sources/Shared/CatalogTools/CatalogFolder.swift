package import Catalog
internal import FoundationEssentials

/// The datasets of a catalog folder, `datasets/<name>/{dataset.yml,transform.sql}`, its `macros/<name>.sql`, its
/// `flows.yml` and its `views/<name>.sql`.
package struct CatalogFolder: Sendable {
  package private(set) var datasets: [DatasetSpec] = []
  package private(set) var flows: [FlowDefinition] = []
  package private(set) var views: [CatalogView] = []
  /// Of datasets' folders, those with errors among them.
  package private(set) var folderNames: [String] = []
  /// Everything that is wrong or odd, of all files.
  package private(set) var problems: [DefinitionProblem] = []

  package var errors: [DefinitionProblem] { problems.filter { $0.severity == .error } }

  /// Reads all datasets. Mistakes are collected in `problems`; a dataset with errors is left out.
  package init(directory: String) {
    let root = directory + "/datasets"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
    let macros = Dictionary(
      Self.sqlFiles(directory + "/macros").map { ("macros/" + $0, $1) }, uniquingKeysWith: { first, _ in first })
    for name in names where !name.hasPrefix(".") {
      let folder = root + "/" + name
      var isFolder = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else { continue }
      folderNames.append(name)
      var texts: [String] = []
      for file in ["dataset.yml", "transform.sql"] {
        guard let contents = FileManager.default.contents(atPath: folder + "/" + file) else {
          problems.append(DefinitionProblem(.error, file: folder + "/" + file, line: 1, "the file is missing"))
          continue
        }
        texts.append(String(decoding: contents, as: UTF8.self))
      }
      guard texts.count == 2 else { continue }
      var otherSQL = macros
      for (file, sql) in Self.sqlFiles(folder) where file != "transform.sql" { otherSQL[file] = sql }
      let reading = DatasetSpec.read(
        datasetYAML: texts[0], transformSQL: texts[1], otherSQL: otherSQL, file: folder + "/dataset.yml", folder: name)
      problems += reading.problems
      if let spec = reading.spec { datasets.append(spec) }
    }
    if names.isEmpty {
      problems.append(DefinitionProblem(.error, file: root, line: 1, "there are no datasets"))
    }
    let used = Set(datasets.flatMap(\.macroNames).map(DatasetSpec.macroFile))
    for file in macros.keys.sorted() where errors.isEmpty && !used.contains(file) {
      problems.append(
        DefinitionProblem(.warning, file: "\(directory)/\(file)", line: 1, "no dataset names these macros"))
    }
    checkDependencies(root)
    readFlows(directory + "/flows.yml", known: names)
    readViews(directory + "/views", datasets: names)
  }

  /// Names and contents of a folder's SQL files.
  private static func sqlFiles(_ folder: String) -> [(name: String, text: String)] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().filter { $0.hasSuffix(".sql") }
      .map { ($0, String(decoding: FileManager.default.contents(atPath: folder + "/" + $0) ?? Data(), as: UTF8.self)) }
  }

  /// What is wrong inside a view, Postgres says when it is applied.
  private mutating func readViews(_ folder: String, datasets: [String]) {
    for (file, text) in Self.sqlFiles(folder) {
      let (name, path) = (String(file.dropLast(4)), folder + "/" + file)
      guard DatasetSpec.isIdentifier(name, limit: DatasetSpec.nameLimit), !datasets.contains(name) else {
        problems.append(
          DefinitionProblem(.error, file: path, line: 1, "'\(name)' is not usable as a view's name, or is a dataset's"))
        continue
      }
      views.append(CatalogView(name: name, text: text))
    }
  }

  /// The file may be absent; what it names must be there.
  private mutating func readFlows(_ file: String, known: [String]) {
    guard let contents = FileManager.default.contents(atPath: file) else { return }
    let (flows, problems) = FlowDefinition.read(String(decoding: contents, as: UTF8.self), file: file)
    self.flows = flows
    self.problems += problems
    for flow in flows {
      for dataset in flow.datasets where !known.contains(dataset) {
        let near = NearestName.find(dataset, in: known).map { "; did you mean '\($0)'?" } ?? ""
        self.problems.append(
          DefinitionProblem(
            .error, file: file, line: flow.line, "flow '\(flow.name)': there is no dataset '\(dataset)'\(near)"))
      }
    }
  }

  /// Datasets that must be there, and no cycles.
  private mutating func checkDependencies(_ root: String) {
    let byName = Dictionary(datasets.map { ($0.name, $0) }) { first, _ in first }
    for dataset in datasets {
      let file = "\(root)/\(dataset.name)/dataset.yml"
      // One with mistakes of its own is there, and told of by itself.
      for dependency in dataset.dependsOn where !folderNames.contains(dependency) {
        let near = NearestName.find(dependency, in: byName.keys).map { "; did you mean '\($0)'?" } ?? ""
        problems.append(
          DefinitionProblem(.error, file: file, line: 1, "depends_on: there is no dataset '\(dependency)'\(near)"))
      }
    }
    for cycle in Self.cycles(byName.mapValues(\.dependsOn)) {
      problems.append(
        DefinitionProblem(
          .error, file: "\(root)/\(cycle[0])/dataset.yml", line: 1,
          "depends_on goes round in a circle: \(cycle.joined(separator: " → "))"))
    }
  }

  static func cycles(_ edges: [String: [String]]) -> [[String]] {
    var found: [[String]] = []
    var done: Set<String> = []
    func visit(_ name: String, _ path: [String]) {
      if let start = path.firstIndex(of: name) {
        found.append(Array(path[start...]) + [name])
        return
      }
      guard !done.contains(name) else { return }
      for next in edges[name] ?? [] { visit(next, path + [name]) }
      done.insert(name)
    }
    for name in edges.keys.sorted() { visit(name, []) }
    return found
  }

  package func dataset(_ name: String) throws -> DatasetSpec {
    guard let spec = datasets.first(where: { $0.name == name }) else {
      throw CatalogError.unknownDataset(name, near: NearestName.find(name, in: folderNames))
    }
    return spec
  }
}
