internal import Base
package import Logging

/// Passes events on with secrets taken out of message and metadata, and with every other character in sight.
package struct RedactingLogHandler: LogHandler {
  private var inner: any LogHandler
  private let redaction: Redaction

  package init(_ inner: any LogHandler, redaction: Redaction) {
    self.inner = inner
    self.redaction = redaction
  }

  package var logLevel: Logger.Level {
    get { inner.logLevel }
    set { inner.logLevel = newValue }
  }

  package var metadata: Logger.Metadata {
    get { inner.metadata }
    set { inner.metadata = redacted(newValue) }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { inner[metadataKey: key] }
    set { inner[metadataKey: key] = newValue.map(redacted) }
  }

  package func log(event: LogEvent) {
    var event = event
    event.message = Logger.Message(stringLiteral: shown(event.message.description))
    event.metadata = event.metadata.map(redacted)
    if let error = event.error {
      event.metadata = (event.metadata ?? [:]).merging(["error": .string(shown(String(describing: error)))]) { $1 }
      event.error = nil
    }
    inner.log(event: event)
  }

  /// One event is one line, whoever wrote what is in it.
  private func shown(_ text: String) -> String { OutsideText.line(redaction(text)) }

  private func redacted(_ metadata: Logger.Metadata) -> Logger.Metadata {
    metadata.mapValues(redacted)
  }

  private func redacted(_ value: Logger.MetadataValue) -> Logger.MetadataValue {
    switch value {
    case .string(let text): .string(shown(text))
    case .stringConvertible(let convertible): .string(shown(convertible.description))
    case .array(let values): .array(values.map(redacted))
    case .dictionary(let values): .dictionary(redacted(values))
    @unknown default: .string(Redaction.mark)
    }
  }
}
