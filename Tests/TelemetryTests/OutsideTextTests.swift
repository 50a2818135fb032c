import Base
import Logging
import Synchronization
import Telemetry
import Testing

@Suite("Text from outside")
struct OutsideTextTests {
  @Test("control characters, line breaks and turns of direction are seen as escapes on a line")
  func line() {
    #expect(OutsideText.line("a\u{1B}[31mb\r\nc\td") == "a\\u{1B}[31mb\\r\\nc\\td")
    #expect(
      OutsideText.line("in\u{202E}gpj.exe\u{2028}\u{9B}x\u{7F}\u{FEFF}")
        == "in\\u{202E}gpj.exe\\u{2028}\\u{9B}x\\u{7F}\\u{FEFF}")
    #expect(OutsideText.line("a\0b") == "a␀b")
    #expect(OutsideText.line("São Tomé, 東京, 👩🏽, e\u{301}") == "São Tomé, 東京, 👩🏽, e\u{301}")
    #expect(OutsideText.lines("a\nb\u{1B}") == "a\nb\\u{1B}")
  }

  @Test("what is long is cut, and says by how much")
  func bound() {
    #expect(OutsideText.line("abcdef", atMost: 4) == "abcd… (2 more bytes)")
    #expect(OutsideText.line("ééé", atMost: 3) == "é… (4 more bytes)")
  }

  @Test(
    "JSON keeps its meaning, but for NUL and halves of surrogate pairs",
    arguments: [
      (#"{"a":"b\u0000c"}"#, #"{"a":"b␀c"}"#), (#"{"a":"b\\u0000c"}"#, #"{"a":"b\\u0000c"}"#),
      (#"["\\\u0000"]"#, #"["\\␀"]"#),
      (#"["\ud83d\ude00 \ud83d \ude00 \ud83dx"]"#, "[\"\\ud83d\\ude00 \u{FFFD} \u{FFFD} \u{FFFD}x\"]"),
      (#"["\u00e9\n\""]"#, #"["\u00e9\n\""]"#), (#"["\"#, #"["\"#), (#"["\u00"#, #"["\u00"#),
    ])
  func json(given: String, made: String) {
    #expect(OutsideText.storableJSON(given) == made)
  }

  private final class Lines: Sendable {
    let texts = Mutex<[String]>([])
  }

  private struct Recorder: LogHandler {
    var logLevel: Logger.Level = .trace
    var metadata: Logger.Metadata = [:]
    let lines: Lines

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.texts.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
  }

  @Test("nobody forges a line of the log")
  func forging() {
    let lines = Lines()
    let logger = Logger(label: "test") { _ in
      RedactingLogHandler(Recorder(lines: lines), redaction: Redaction(secrets: []))
    }
    logger.info("came\n2026-01-01T00:00:00Z error aker: forged", metadata: ["header": "x\u{1B}[2J\ny"])
    let text = lines.texts.withLock { $0.joined() }
    #expect(!text.contains("\n") && !text.contains("\u{1B}") && text.contains("\\n2026") && text.contains("\\u{1B}[2J"))
  }
}
