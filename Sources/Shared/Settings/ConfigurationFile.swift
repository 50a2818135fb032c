internal import Catalog
internal import FoundationEssentials

/// `aker.yml`: settings for all that runs in its folder.
package struct ConfigurationFile: Sendable {
  package let path: String
  /// Relative paths are resolved against the file's folder.
  package let values: [Setting: String]

  /// The environment's name of the file to read instead.
  package static let variable = "AKER_CONFIG"

  /// The file that `AKER_CONFIG` names, or `aker.yml` in the current folder.
  ///
  /// - Returns: nil where there is none.
  /// - Throws: `ConfigurationError`, with file and line, for a file that cannot be read, and for a setting that does not
  ///   exist: a slip that went unnoticed would use another database than the one that was meant.
  package static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> ConfigurationFile? {
    let named = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    let path = named ?? "aker.yml"
    guard named != nil || FileManager.default.fileExists(atPath: path) else { return nil }
    return try ConfigurationFile(path: path)
  }

  package init(path: String) throws {
    self.path = path
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError.invalidFile(["\(path): cannot be read"])
    }
    let text = String(decoding: contents, as: UTF8.self)
    // A file whose every line is commented out is how people keep a template.
    let isBlank = text.split(separator: "\n").allSatisfy { line in
      line.drop { $0.isWhitespace }.first.map { $0 == "#" } ?? true
    }
    do {
      values = isBlank ? [:] : try Self.values(YAMLNode.parse(text, file: path), folder: Self.folder(of: path))
    } catch let error as YAMLError {
      throw ConfigurationError.invalidFile([error.problem.description])
    }
  }

  private static func values(_ node: YAMLNode, folder: String) throws -> [Setting: String] {
    var fields = try node.mapping()
    var values: [Setting: String] = [:]
    for setting in Setting.allCases {
      guard let field = fields.take(setting.rawValue) else { continue }
      let text = setting == .regions && field.isMapping ? try KeptRegions(field).text : try field.string()
      values[setting] = setting.isPath && isRelative(text) ? folder + "/" + text : text
    }
    var unknown: [YAMLProblem] = []
    fields.finish(&unknown)
    guard unknown.isEmpty else { throw ConfigurationError.invalidFile(unknown.map(\.description)) }
    return values
  }

  private static func isRelative(_ text: String) -> Bool {
    !text.hasPrefix("/") && !text.contains("://")
  }

  private static func folder(of path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    return URL(filePath: absolute).deletingLastPathComponent().path
  }
}
