import FoundationEssentials
import Queue
import Base
import Telemetry
import Testing

/// What the queue keeps of an attempt that failed.
struct FailureReportTests {
  private struct Refused: ClassifiedError {
    var errorClass: ErrorClass { .permanent }
    var summary: String { "refused: key planted-key-17" }
    var advice: String? { "Replace planted-key-17." }
    var causes: [String] { ["HTTP 403 from api.example", "it said: planted-key-17 is unknown"] }
  }

  private struct Detail: Decodable {
    struct Step: Decodable {
      var step: String
      var after: Double
      var seconds: Double
      var done: Bool
      var detail: String?
    }
    var advice: String?
    var error: String
    var causes: [String]
    var step: String?
    var steps: [Step]?
  }

  private func detail(_ report: FailureReport) throws -> Detail {
    try JSONDecoder().decode(Detail.self, from: Data(try #require(report.detail).utf8))
  }

  @Test func itHasTheCausesInTheirOrderAndNoSecret() throws {
    let report = FailureReport(Refused(), redaction: Redaction(secrets: ["planted-key-17"]))
    let detail = try detail(report)
    #expect(detail.causes == ["HTTP 403 from api.example", "it said: [redacted] is unknown"])
    #expect(detail.error == "Refused" && report.errorClass == .permanent)
    #expect(!"\(report)".contains("planted-key-17"), "\(report)")
  }

  @Test func itHasTheStepsWithTheirTimesAndNamesTheOneItWasIn() throws {
    let start = ContinuousClock.now
    let steps = AttemptSteps(startedAt: start)
    steps.began("fetch", at: start + .milliseconds(250))
    steps.ended("fetch", detail: "3 documents", at: start + .milliseconds(1750))
    steps.began("build", at: .now - .seconds(2))
    let detail = try detail(FailureReport(Refused(), steps: steps, redaction: Redaction(secrets: [])))
    let made = try #require(detail.steps)
    #expect(made.map(\.step) == ["fetch", "build"] && made.map(\.done) == [true, false])
    #expect(made[0].after == 0.25 && made[0].seconds == 1.5 && made[0].detail == "3 documents")
    #expect(made[1].seconds >= 2 && made[1].detail == nil)
    #expect(detail.step == "build")
  }

  @Test func aNoteIsMadeOnlyWhenSomethingChanged() throws {
    let steps = AttemptSteps()
    #expect(steps.note(Redaction(secrets: [])) == nil)
    steps.began("fetch")
    let note = try #require(steps.note(Redaction(secrets: [])))
    #expect(note.contains("\"step\":\"fetch\""), "\(note)")
    #expect(steps.note(Redaction(secrets: [])) == nil)
    steps.ended("fetch", detail: "")
    #expect(steps.note(Redaction(secrets: []))?.contains("\"done\":true") == true)
  }
}
