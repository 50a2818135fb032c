package import Logging

/// How processes log: one line an event on standard error, structured, secrets taken out.
package enum Log {
  /// Call once, before the first logger is made.
  ///
  /// - Parameter isJSON: an object in each line, for what collects logs.
  package static func bootstrap(level: Logger.Level, isJSON: Bool = false, redaction: Redaction) {
    LoggingSystem.bootstrap { label in
      let inner: any LogHandler = isJSON ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
      var handler = RedactingLogHandler(inner, redaction: redaction)
      handler.logLevel = level
      return handler
    }
  }
}
