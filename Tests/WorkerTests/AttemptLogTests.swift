import Base
import FoundationEssentials
import Logging
import Queue
import Telemetry
import Testing

/// What an attempt logs is kept with it: bounded, without secrets, and whatever level the process logs at.
struct AttemptLogTests {
  private struct Broken: ClassifiedError {
    var errorClass: ErrorClass { .permanent }
    var summary: String { "broken" }
    var advice: String? { nil }
  }

  private func context() -> TaskContext {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .error
    return TaskContext(worker: WorkerIdentity(workerID: 1, name: "w", host: "h", version: "v"), logger: logger)
  }

  private func lines(_ detail: String?) throws -> [JSONValue] {
    guard case .array(let lines)? = JSONValue(parsing: try #require(detail)).at("log") else { return [] }
    return lines
  }

  @Test func itHasTheBeginningAndTheEndWithoutSecrets() throws {
    let context = context()
    context.logger.info("asks with planted-key-17", metadata: ["url": "https://x/?key=planted-key-17\nforged line"])
    for number in 1...500 { context.logger.debug("line \(number)\(String(repeating: "x", count: 1000))") }
    let redaction = Redaction(secrets: ["planted-key-17"])
    let kept = try lines(FailureReport(Broken(), steps: context.steps, redaction: redaction).detail)
    #expect(kept.count == 101, "\(kept.count)")
    let texts = kept.compactMap { $0.at("text")?.text }
    #expect(texts[0].hasPrefix("asks with [redacted] url=https://x/?key=[redacted]"), "\(texts[0])")
    #expect(texts.allSatisfy { !$0.contains("\n") && $0.count <= 400 })
    #expect(texts[29].hasPrefix("line 29") && texts[30] == "(401 lines left out)" && texts[100].hasPrefix("line 500"))
    #expect(kept[0].at("level")?.text == "info" && kept[1].at("level")?.text == "debug")
  }

  @Test func anAttemptThatSucceedsKeepsWhatIsWorthIt() throws {
    let quiet = context()
    quiet.logger.debug("a step")
    #expect(quiet.steps.lastWord(Redaction(secrets: [])) == nil)
    let told = context()
    told.logger.debug("a step")
    told.logger.info("asked again")
    #expect(try lines(told.steps.lastWord(Redaction(secrets: []))).count == 2)
  }
}
