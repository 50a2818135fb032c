internal import FoundationEssentials
package import Logging
internal import Postgres

/// Everything a process was told, read once at its entrance. Inside, nothing reads the environment.
package struct AkerConfiguration: Sendable {
  /// Where a setting's value came from.
  package enum Origin: Sendable, Equatable {
    case flag
    case environment(String)
    case file(String)
    case standard

    /// For people: `AKER_HOME`, the path of `aker.yml`.
    package var name: String {
      switch self {
      case .flag: "flag"
      case .environment(let variable): variable
      case .file(let path): path
      case .standard: "default"
      }
    }
  }

  package struct Value: Sendable {
    package var text: String?
    package var origin: Origin
  }

  /// Each setting's effective value and origin; secrets unredacted.
  package private(set) var values: [Setting: Value]
  /// As it was at the start, for what is named by the catalog: `AKER_SOURCE_<ID>_ENDPOINT` and secrets.
  package let environment: [String: String]
  package private(set) var logLevel: Logger.Level
  /// Whether each line of the log is an object of JSON.
  package var logsJSON: Bool { values[.logFormat]?.text == "json" }
  package private(set) var regions: KeptRegions

  /// What AKER_CACHE_PATH begins with where the lake is in S3.
  package static let s3Scheme = "s3://"

  package var home: String { path(.home) }
  package var cachePath: String { path(.cachePath) }
  /// Of the raw cache and of what attempts write: AKER_CACHE_PATH, or a folder of this host where that is in S3.
  package var localCachePath: String { cachePath.hasPrefix(Self.s3Scheme) ? home + "/cache" : cachePath }
  package var catalogPath: String { path(.catalogPath) }
  package var migrationsPath: String { path(.migrationsPath) }
  /// Nil when it is to be looked for.
  package var duckdb: String? { values[.duckdb]?.text }
  /// Nil when the embedded database is meant.
  package var postgisDSN: String? { values[.postgisDSN]?.text }
  /// Nil when commands that only look ask where all others do.
  package var readDSN: String? { values[.readDSN]?.text }

  /// What a program was told: by flags, the environment and `aker.yml`.
  ///
  /// - Throws: `ConfigurationError`.
  package static func load(
    flags: [Setting: String] = [:], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> AkerConfiguration {
    let file = try ConfigurationFile.find(environment: environment)
    return try AkerConfiguration(
      flags: flags, environment: environment, file: file.map { (path: $0.path, values: $0.values) })
  }

  /// - Parameters:
  ///   - flags: what the command line gave.
  ///   - file: what `aker.yml` gave, and its path; relative paths in it are relative to its folder.
  /// - Throws: `ConfigurationError`.
  package init(
    flags: [Setting: String] = [:], environment: [String: String] = ProcessInfo.processInfo.environment,
    file: (path: String, values: [Setting: String])? = nil
  ) throws {
    let environment = Self.withCredentials(environment)
    self.environment = environment
    var values: [Setting: Value] = [:]
    for setting in Setting.allCases {
      if let flag = flags[setting] {
        values[setting] = Value(text: flag, origin: .flag)
      } else if let found = try Self.fromEnvironment(setting, environment) {
        values[setting] = found
      } else if let file, let text = file.values[setting] {
        values[setting] = Value(text: text, origin: .file(file.path))
      }
    }
    self.values = values
    logLevel = .info
    regions = try KeptRegions(values[.regions]?.text ?? "")
    let home = values[.home]?.text ?? ".aker"
    let standards: [(Setting, String?)] = [
      (.home, home), (.postgisDSN, nil), (.readDSN, nil), (.cachePath, home + "/cache"),
      (.catalogPath, Self.installed("catalog")),
      (.migrationsPath, Self.installed("migrations")), (.duckdb, nil), (.postgresBin, nil),
      (.logLevel, Logger.Level.info.rawValue), (.logFormat, "text"), (.regions, nil), (.openLineageURL, nil),
      (.openLineageNamespace, "aker"), (.swapRowCount, nil), (.hostMemory, "60%"), (.hostThreads, nil),
      (.taskDisk, "16GiB"),
    ]
    for (setting, text) in standards where self.values[setting] == nil {
      self.values[setting] = Value(text: text, origin: .standard)
    }
    let level = self.values[.logLevel]?.text ?? ""
    guard let level = Logger.Level(rawValue: level) else { throw ConfigurationError.unknownLogLevel(level) }
    self.logLevel = level
    let format = self.values[.logFormat]?.text ?? ""
    guard ["text", "json"].contains(format) else { throw ConfigurationError.unknownLogFormat(format) }
    _ = try (hostMemoryBytes(), hostThreads(), taskDiskBytes())
    for dsn in [postgisDSN, readDSN] {
      if let dsn, PostgresConfiguration(dsn: dsn).parseProblem != nil { throw ConfigurationError.malformedDSN }
    }
  }

  /// A secret that the catalog names, such as `CENSUS_API_KEY`: from `AKER_CENSUS_API_KEY`, or the file that
  /// `AKER_CENSUS_API_KEY_FILE` names.
  package func secret(_ name: String) throws -> String? {
    try Self.secret("AKER_" + name, environment)
  }

  /// The environment's variables that hold a secret, or name the file of one, in order.
  package var secretVariables: [String] {
    let endings = ["KEY", "TOKEN", "SECRET", "PASSWORD"].flatMap { [$0, $0 + "_FILE"] }
    return environment.keys.filter { name in
      name.hasPrefix("AKER_") && environment[name] != "" && endings.contains { name.hasSuffix($0) }
    }.sorted()
  }

  /// The environment's variables that name another base URL for a source, in order.
  package var endpointVariables: [String] {
    environment.keys.filter { $0.hasPrefix("AKER_SOURCE_") && $0.hasSuffix("_ENDPOINT") && environment[$0] != "" }
      .sorted()
  }

  /// Every secret this process was given, for redaction.
  package var secretValues: [String] {
    let variables = secretVariables.map { $0.hasSuffix("_FILE") ? String($0.dropLast("_FILE".count)) : $0 }
    let passwords = [postgisDSN, readDSN].map { $0.flatMap { PostgresConfiguration(dsn: $0).setting("password") } }
    return variables.compactMap { try? Self.secret($0, environment) }
      + ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].compactMap { try? Self.secret($0, environment) }
      + passwords.compactMap { $0 }
  }

  /// Secrets that a service manager handed over (systemd's LoadCredential): files that are named as the variable would be.
  /// What the environment says itself goes before them.
  private static func withCredentials(_ environment: [String: String]) -> [String: String] {
    guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else { return environment }
    var environment = environment
    for name in names where ["AKER_", "AWS_"].contains(where: name.hasPrefix) {
      if environment[name]?.isEmpty ?? true, environment[name + "_FILE"]?.isEmpty ?? true {
        environment[name + "_FILE"] = folder + "/" + name
      }
    }
    return environment
  }

  private static func fromEnvironment(_ setting: Setting, _ environment: [String: String]) throws -> Value? {
    let variable = setting.environmentVariable
    guard setting.isSecret else {
      return environment[variable].flatMap { $0.isEmpty ? nil : Value(text: $0, origin: .environment(variable)) }
    }
    guard let text = try secret(variable, environment) else { return nil }
    let isFile = environment[variable]?.isEmpty ?? true
    return Value(text: text, origin: .environment(isFile ? variable + "_FILE" : variable))
  }

  package static func secret(_ variable: String, _ environment: [String: String]) throws -> String? {
    if let text = environment[variable], !text.isEmpty { return text }
    guard let path = environment[variable + "_FILE"], !path.isEmpty else { return nil }
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError.unreadableSecret(variable: variable + "_FILE", path: path)
    }
    // A file written by an editor or `echo` ends in a line break that is no part of the secret.
    var text = String(decoding: contents, as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text.isEmpty ? nil : text
  }

  /// A folder of the project: in the current folder, or beside the installed program (`<prefix>/share/aker`).
  private static func installed(_ name: String) -> String {
    let shared = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "share/aker/\(name)").path
    return !FileManager.default.fileExists(atPath: name) && FileManager.default.fileExists(atPath: shared)
      ? shared : name
  }

  /// A setting that names a file or folder, from the current folder where it is relative.
  package func path(_ setting: Setting) -> String {
    let text = values[setting]?.text ?? ""
    guard !text.hasPrefix("/"), !text.contains("://") else { return text }
    return FileManager.default.currentDirectoryPath + "/" + text
  }
}
