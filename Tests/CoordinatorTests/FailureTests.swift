import ArgumentParser
import Base
import Testing

@testable import Coordinator

struct FailureTests {
  private struct Unforeseen: Error {}

  @Test func whatNobodyForesawIsAFaultOfOurs() throws {
    let failure = try #require(Failure.fault(Unforeseen()))
    #expect(failure.code == .software && failure.message == "Unforeseen()")
    #expect(failure.advice?.contains("aker --version") == true)
  }

  @Test func argumentParsersOwnWaysToEndAreNone() {
    #expect(Failure.fault(ValidationError("say what")) == nil)
    #expect(Failure.fault(CleanExit.message("done")) == nil)
    #expect(Failure.fault(ExitCode(1)) == nil)
  }
}
