package import Base

/// Why the embedded server could not be had.
package enum EmbeddedClusterError: ClassifiedError {
  case serverMissing
  case unwritable(String, String)
  case failed(_ program: String, _ output: String, log: String?)

  package var errorClass: ErrorClass { .permanent }

  package var summary: String {
    switch self {
    case .serverMissing: "there is no Postgres server on this host to start an embedded database with"
    case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .failed(let program, let output, _):
      "\(program) failed: \(output.split(separator: "\n").suffix(5).joined(separator: " | "))"
    }
  }

  package var advice: String? {
    switch self {
    case .serverMissing:
      "Run scripts/setup (or: apt-get install postgresql postgis), or set AKER_POSTGIS_DSN to a PostGIS server of yours."
    case .unwritable: "Make it writable, or set AKER_HOME to a folder that is."
    case .failed(_, _, let log): log.map { "The server's log: \($0)" }
    }
  }
}
