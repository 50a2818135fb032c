import ArgumentParser
import Base

/// The classes of failure that a command may be asked for by name.
enum FailureClass {
  /// What an attempt can meet, and what a task can fail of without one.
  static let names = ErrorClass.allCases.map(\.rawValue)

  /// - Throws: `ValidationError` for a name that no failure has: it would match nothing, which would read as good news.
  static func require(_ name: String?) throws {
    guard let name, !names.contains(name) else { return }
    throw ValidationError("--error-class takes \(names.joined(separator: ", ")), not '\(name)'")
  }
}
