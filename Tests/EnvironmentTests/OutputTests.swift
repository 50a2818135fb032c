import Testing
import TestSupport

/// Output that goes nowhere, and windows that are too narrow.
@Suite(.database)
struct OutputTests {
  @Test(arguments: [
    "--version", "--help", "help backfill", "status", "database url", "config", "catalog ls",
    "plan market_income --years 2012",
  ])
  func aFullDiskIsNoSuccess(_ arguments: String) async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      let result = try await place.shell("\"$AKER\" \(arguments) > /dev/full")
      #expect(result.exitCode == 73 && result.errorOutput.contains("No space left"), "\(arguments): \(result)")
    }
  }

  @Test func aFullDiskForErrorsEndsNothing() async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      let result = try await place.shell("\"$AKER\" pause --queue --reason x 2> /dev/full")
      #expect(result.exitCode == 0, "\(result)")
    }
  }

  @Test(arguments: [1, 10, 29, 40])
  func helpFitsAnyWindow(_ columns: Int) async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      for command in ["\"$AKER\" help backfill", "\"$AKER\" --help", "\"$WORKER\" --help"] {
        let result = try await place.shell(command, environment: ["COLUMNS": "\(columns)"])
        #expect(result.exitCode == 0 && result.output.contains("USAGE"), "\(command): \(result)")
      }
    }
  }
}
