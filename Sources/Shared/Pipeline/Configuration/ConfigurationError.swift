package import Telemetry

/// A setting that cannot be used. Never quotes a secret.
package enum ConfigurationError: ClassifiedError, Equatable {
  case unknownLogLevel(String)
  case malformedDSN
  case unreadableSecret(variable: String, path: String)
  /// What is wrong with `aker.yml`, each with file and line.
  case invalidFile([String])

  package var errorClass: ErrorClass { .permanent }

  package var summary: String {
    switch self {
    case .unknownLogLevel(let level): "'\(level)' is not a log level"
    case .malformedDSN: "AKER_POSTGIS_DSN is not a connection string that libpq understands"
    case .unreadableSecret(let variable, let path): "\(variable) names \(path), which cannot be read"
    case .invalidFile(let problems): problems.joined(separator: "\n       ")
    }
  }

  package var advice: String? {
    switch self {
    case .unknownLogLevel: "Use trace, debug, info, notice, warning, error or critical."
    case .malformedDSN:
      "Use postgresql://user:password@host:5432/database or 'host=... dbname=... user=...', with special characters percent-encoded or quoted."
    case .unreadableSecret: "Check the path and its permissions."
    case .invalidFile: "Settings are \(Setting.allCases.map(\.rawValue).joined(separator: ", ")); see aker config."
    }
  }
}
