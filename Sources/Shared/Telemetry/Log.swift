package import Logging

/// How processes log: one line an event on standard error, structured, secrets taken out.
package enum Log {
  /// Call once, before the first logger is made.
  package static func bootstrap(level: Logger.Level, redaction: Redaction) {
    LoggingSystem.bootstrap { label in
      var handler = RedactingLogHandler(StreamLogHandler.standardError(label: label), redaction: redaction)
      handler.logLevel = level
      return handler
    }
  }
}
