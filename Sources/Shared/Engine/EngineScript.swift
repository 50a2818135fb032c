/// The statements of one DuckDB process, in named steps, so that an error can say which one it met.
package struct EngineScript: Sendable {
  package struct Step: Sendable {
    package var name: String
    package var sql: String
    /// How many lines of `sql` come before the first line of the user's own file; nil where there is none.
    package var linesBeforeUserSQL: Int?
  }

  package private(set) var steps: [Step] = []
  /// Folders and files it may read and write: everything else is closed to it.
  package var allowedPaths: [String] = []
  /// What it uses of DuckDB's extensions; those that are not installed are not loaded.
  package var extensions: Set<DuckDBExtension> = []
  package var needsSpatial: Bool {
    get { extensions.contains(.spatial) }
    set { if newValue { extensions.insert(.spatial) } else { extensions.remove(.spatial) } }
  }

  package init() {}

  /// `sql` is one or more whole statements, each ending in a semicolon.
  package mutating func add(_ name: String, _ sql: String) {
    steps.append(Step(name: name, sql: sql, linesBeforeUserSQL: nil))
  }

  /// A statement that wraps a user's SELECT, which may end in a semicolon or a comment.
  package mutating func add(_ name: String, before: String, userSQL: String, after: String) {
    let body = Self.withoutTerminator(userSQL)
    let lines = before.reduce(0) { $1.isNewline ? $0 + 1 : $0 } + 1
    steps.append(Step(name: name, sql: before + "\n" + body + "\n" + after, linesBeforeUserSQL: lines))
  }

  static func withoutTerminator(_ sql: String) -> String {
    var body = Substring(sql)
    while let last = body.last, last.isWhitespace || last == ";" { body.removeLast() }
    return String(body)
  }

  func text(limits: EngineLimits, duckdb: DuckDB) -> String {
    var text = """
      .mode jsonlines
      SET memory_limit = '\(limits.memoryBytes / 1_048_576)MiB';
      SET threads = \(limits.threads);
      SET temp_directory = \(SQL.literal(limits.temporaryDirectory));
      SET TimeZone = 'UTC';
      SET autoinstall_known_extensions = false;
      SET autoload_known_extensions = false;

      """
    for name in DuckDBExtension.allCases where extensions.contains(name) {
      guard let file = duckdb.extensions[name] else { continue }
      text += "LOAD \(SQL.literal(file));\n"
      // Longitude first, as GeoJSON, GeoParquet and PostGIS have it; unsaid, it depends on the version and is warned of.
      if name == .spatial { text += "SET geometry_always_xy = true;\n" }
    }
    // A definition is data from the database: its SQL reads and writes this task's files, and no others.
    text += """
      SET allowed_directories = \(SQL.list(allowedPaths.filter { $0.hasSuffix("/") } + [limits.temporaryDirectory + "/"]));
      SET allowed_paths = \(SQL.list(allowedPaths.filter { !$0.hasSuffix("/") } + ["/dev/stdout"]));
      SET enable_external_access = false;
      SET lock_configuration = true;

      """
    for step in steps {
      text += ".print \(Self.mark)\(step.name)\n\(step.sql)\n"
    }
    return text
  }

  /// Starts the line that says which step's output follows.
  static let mark = "@@aker-step "
}
