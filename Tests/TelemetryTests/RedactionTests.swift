import Logging
import Synchronization
import Testing

@testable import Telemetry

struct RedactionTests {
  private let redaction = Redaction(secrets: ["s3cret key/1", "s3cret", "abc"])

  @Test func aSecretIsTakenOutAsItIsAndAsAURLHasIt() {
    #expect(redaction("key=s3cret key/1&x=1") == "key=[redacted]&x=1")
    #expect(redaction("key=s3cret%20key%2F1&x=1") == "key=[redacted]&x=1")
    #expect(redaction("nothing here") == "nothing here")
  }

  @Test func aSecretTooShortToBeOneEatsNoWords() {
    #expect(redaction("abcdef") == "abcdef")
  }

  @Test func nothingOfALogEventKeepsASecret() {
    struct Leak: Error, CustomStringConvertible { var description: String { "failed with s3cret" } }
    let written = Mutex("")
    var logger = Logger(label: "test") { _ in
      RedactingLogHandler(
        CollectingHandler { line in written.withLock { $0 += line } }, redaction: Redaction(secrets: ["s3cret"]))
    }
    logger[metadataKey: "kept"] = "s3cret"
    logger.info(
      "message s3cret", error: Leak(),
      metadata: [
        "one": "s3cret", "list": ["s3cret"], "nested": ["key": "s3cret"], "other": .stringConvertible("s3cret"),
      ])
    let text = written.withLock { $0 }
    #expect(text.contains("message [redacted]"))
    #expect(text.contains("failed with [redacted]"))
    #expect(!text.contains("s3cret"))
  }

  private struct CollectingHandler: LogHandler {
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    let write: @Sendable (String) -> Void

    init(write: @escaping @Sendable (String) -> Void) {
      self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      write("\(event.message) \(metadata) \(event.metadata ?? [:]) \(event.error.map { "\($0)" } ?? "")\n")
    }
  }
}
