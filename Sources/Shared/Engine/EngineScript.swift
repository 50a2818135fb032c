internal import Glibc

/// The statements of one DuckDB process, in named steps, so that an error can say which one it met.
package struct EngineScript: Sendable {
  package struct Step: Sendable {
    package var name: String
    var text: Text
    /// The user's file with its casts made strict, as it stands in `text`.
    var casts: StrictCasts?

    /// How many lines of the statement come before the first line of the user's own file; nil where there is none.
    var linesBeforeUserSQL: Int? {
      switch text {
      case .generated: nil
      case .query(let before, _, _): before.reduce(0) { $1.isNewline ? $0 + 1 : $0 } + 1
      case .macros: 1
      }
    }
  }

  /// Where a step's text comes from decides how DuckDB gets it.
  enum Text: Sendable {
    /// Whole statements of ours, in which all that comes from outside is a literal or a quoted name.
    case generated(String)
    /// One statement of ours around a user's SELECT.
    case query(before: String, user: String, after: String)
    /// A user's `CREATE MACRO` statements.
    case macros(String)
  }

  package private(set) var steps: [Step] = []
  /// Files that it may read; a path that ends in a slash is a folder with all that is in it.
  package var readPaths: [String] = []
  /// How many bytes it may read; nil where that is not known, since they lie in a folder.
  var inputByteCount: Int? {
    if readPaths.contains(where: { $0.hasSuffix("/") }) { return nil }
    return readPaths.reduce(0) { sum, path in
      var status = stat()
      return stat(path, &status) == 0 ? sum + Int(status.st_size) : sum
    }
  }
  /// Files that it may write, for which their folders are open to it, too.
  package var writePaths: [String] = []
  /// What it uses of DuckDB's extensions; those that are not installed are not loaded.
  package var extensions: Set<DuckDBExtension> = []
  package var needsSpatial: Bool {
    get { extensions.contains(.spatial) }
    set { if newValue { extensions.insert(.spatial) } else { extensions.remove(.spatial) } }
  }
  /// Whether its last step writes rows to /dev/stdout, which is closed otherwise.
  var writesToStandardOutput = false

  package init() {}

  /// `sql` is one or more whole statements, each ending in a semicolon.
  package mutating func add(_ name: String, _ sql: String) {
    steps.append(Step(name: name, text: .generated(sql)))
  }

  /// A statement that wraps a user's SELECT, which may end in a semicolon or a comment.
  /// Its casts of texts to numbers are made strict.
  package mutating func add(_ name: String, before: String, userSQL: String, after: String) {
    let casts = StrictCasts(Self.withoutTerminator(userSQL))
    steps.append(Step(name: name, text: .query(before: before, user: casts.sql, after: after), casts: casts))
  }

  /// A user's file of macros.
  package mutating func addMacros(_ name: String, _ sql: String) {
    let casts = StrictCasts(sql)
    steps.append(Step(name: name, text: .macros(casts.sql), casts: casts))
  }

  static func withoutTerminator(_ sql: String) -> String {
    var body = Substring(sql)
    while let last = body.last, last.isWhitespace || last == ";" { body.removeLast() }
    return String(body)
  }

  /// What DuckDB's program gets, in this order.
  enum Part: Equatable {
    /// Lines as on its standard input, where one that begins with a dot is a command to the program itself.
    case script(String)
    /// Statements alone: DuckDB's parser reads them, and nothing in them is ever a command to the program.
    case statements(String)
  }

  func parts(limits: EngineLimits, duckdb: DuckDB) -> [Part] {
    var parts: [Part] = []
    var script = opening(limits, duckdb)
    for step in steps {
      script += ".print \(Self.mark)\(step.name.filter { !Self.isControl($0) })\n"
      switch step.text {
      case .generated(let sql): script += sql + "\n"
      case .query(_, let user, _): script += UserQuery.guardSQL(user) + "\n"
      case .macros: break
      }
      if !step.statements.isEmpty {
        parts.append(.script(script))
        parts += step.statements.map { .statements($0) }
        script = ""
      }
    }
    if !script.isEmpty { parts.append(.script(script)) }
    return parts
  }

  private func opening(_ limits: EngineLimits, _ duckdb: DuckDB) -> String {
    var text = """
      .mode jsonlines
      SET memory_limit = '\(limits.memoryBytes / 1_048_576)MiB';
      SET threads = \(limits.threads);
      SET temp_directory = \(SQL.literal(limits.temporaryDirectory));
      SET max_temp_directory_size = '\(limits.diskBytes / 1_048_576)MiB';
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
    // What was loaded was verified (VerifiedExtensions); nothing else is loaded, and if it were, it would have to be signed.
    if !extensions.isEmpty { text += "SET allow_unsigned_extensions = false;\n" }
    let folders = readPaths.filter { $0.hasSuffix("/") } + [limits.temporaryDirectory + "/"]
    let files =
      readPaths.filter { !$0.hasSuffix("/") } + writePaths + (writesToStandardOutput ? ["/dev/stdout"] : [])
    // A definition is data from the database: its SQL reads and writes this task's files, and no others. Safe mode locks
    // the settings, and refuses the program's own commands that touch anything; the last line makes sure of the first.
    text += """
      SET allowed_directories = \(SQL.list(folders));
      SET allowed_paths = \(SQL.list(files));
      SET enable_external_access = false;
      .safe_mode
      SET VARIABLE aker_locked = CASE WHEN current_setting('lock_configuration') THEN true ELSE error('not locked') END;

      """
    return text
  }

  private static func isControl(_ character: Character) -> Bool {
    character.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }

  /// Starts the line that says which step's output follows.
  static let mark = "@@aker-step "
}
