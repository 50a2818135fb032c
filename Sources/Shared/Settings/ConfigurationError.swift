package import Base

/// A setting that cannot be used. Never quotes a secret.
package enum ConfigurationError: ClassifiedError, Equatable {
  case unknownLogLevel(String)
  case unknownLogFormat(String)
  case malformedDSN
  case malformedURL(variable: String)
  case malformedS3(String)
  case missingS3Key(String)
  case malformedRegions(String)
  case malformedHostMemory(String)
  case malformedHostThreads(String)
  case malformedTaskDisk(String)
  case unreadableSecret(variable: String, path: String)
  /// What is wrong with `aker.yml`, each with file and line.
  case invalidFile([String])

  package var errorClass: ErrorClass { .permanent }

  package var exitStatus: ExitStatus { .configuration }

  package var summary: String {
    switch self {
    case .unknownLogLevel(let level): "'\(level)' is not a log level"
    case .unknownLogFormat(let format): "'\(format)' is not a format of logs"
    case .malformedDSN: "AKER_POSTGIS_DSN is not a connection string that libpq understands"
    case .malformedURL(let variable): "\(variable) is not a URL"
    case .malformedS3(let text): "AKER_CACHE_PATH is '\(text)', which names no bucket"
    case .missingS3Key(let variable): "AKER_CACHE_PATH is in S3, and \(variable) is not set"
    case .malformedRegions(let entry): "'\(entry)' is not a dataset with regions"
    case .malformedHostMemory(let text): "host_memory is '\(text)', which is no size"
    case .malformedHostThreads(let text): "host_threads is '\(text)', which is no number of threads"
    case .malformedTaskDisk(let text): "task_disk is '\(text)', which is no size"
    case .unreadableSecret(let variable, let path): "\(variable) names \(path), which cannot be read"
    case .invalidFile(let problems): problems.joined(separator: "\n       ")
    }
  }

  package var advice: String? {
    switch self {
    case .unknownLogLevel: "Use trace, debug, info, notice, warning, error or critical."
    case .unknownLogFormat: "Use text or json."
    case .malformedDSN:
      "Use postgresql://user:password@host:5432/database or 'host=... dbname=... user=...', with special characters percent-encoded or quoted."
    case .malformedURL: "Use http:// or https://, such as http://marquez:5000."
    case .malformedS3: "Use s3://bucket or s3://bucket/prefix."
    case .missingS3Key: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_SECRET_ACCESS_KEY_FILE)."
    case .malformedRegions:
      "Write AKER_REGIONS as '\(KeptRegions.example)', and regions in aker.yml as {dataset: [region, region]}."
    case .malformedHostMemory: "Write AKER_HOST_MEMORY as 12GiB, 900MiB or 60% of what the host has."
    case .malformedHostThreads: "Write AKER_HOST_THREADS as a number, 1 or more."
    case .malformedTaskDisk: "Write AKER_TASK_DISK as 16GiB or 900MiB."
    case .unreadableSecret: "Check the path and its permissions."
    case .invalidFile: "Settings are \(Setting.allCases.map(\.rawValue).joined(separator: ", ")); see aker config."
    }
  }
}
