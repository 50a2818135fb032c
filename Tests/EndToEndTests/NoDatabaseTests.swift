import FoundationEssentials
import TestSupport
import Testing

/// What only plans makes no database: the embedded one is neither made nor brought up to date.
struct NoDatabaseTests {
  @Test(arguments: [
    ["plan", "market_income", "--years", "2012"], ["backfill", "market_income", "--years", "2012", "--dry-run"],
    ["plan", "--all", "--years", "2012", "--json"],
  ])
  func aPlanSaysThatThereIsNoDatabaseAndLeavesItSo(_ arguments: [String]) async throws {
    try await OperatorHome.with { home in
      let before = try FileManager.default.subpathsOfDirectory(atPath: home.path).sorted()
      let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
      #expect(result.exitCode == 69 && result.output.isEmpty, "\(result)")
      #expect(result.errorOutput.contains("there is no database yet") && result.errorOutput.contains("aker migrate"))
      #expect(try FileManager.default.subpathsOfDirectory(atPath: home.path).sorted() == before)
    }
  }
}
