import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// What the shell offers: names of the catalog, numbers of the queue, and never an error.
@Suite(.database)
struct CompletionTests {
  /// As the generated scripts ask: `aker ---completion COMMAND... -- ARGUMENT INDEX CURSOR WORDS...`.
  private func offered(
    _ home: OperatorHome, _ words: String, _ argument: String, prefix: String = ""
  ) async throws -> [String] {
    let all = ["aker"] + words.split(separator: " ").map(String.init) + [prefix]
    let command = words.split(separator: " ").map(String.init).prefix { !$0.hasPrefix("-") }
    let result = try await Program.run(
      Executable.aker,
      ["---completion"] + command + ["--", argument, "\(all.count - 1)", "\(prefix.count)"] + all,
      environment: home.environment)
    #expect(result.exitCode == 0 && result.errorOutput.isEmpty, "\(words): \(result)")
    return result.output.split(whereSeparator: { $0.isNewline || $0 == "\0" }).map(String.init)
  }

  @Test func namesAndNumbersAreOffered() async throws {
    try await PriceShop.open { shop in
      let home = shop.home
      try home.write(
        "flows:\n  - {name: daily, datasets: [price], schedule: \"0 6 * * *\", years: [0, 0]}\n",
        to: "catalog/flows.yml")
      #expect(try await offered(home, "backfill", "positional@0", prefix: "pr") == ["price"])
      #expect(try await offered(home, "backfill", "positional@0", prefix: "x") == [])
      #expect(try await offered(home, "sources", "positional@0") == ["shop"])
      #expect(try await offered(home, "flow run", "positional@0") == ["daily"])
      // Before there is any structure in the database.
      #expect(try await offered(home, "retry --task", "--task") == [])
      try await shop.aker("backfill price --years 2020-2021 --as-of 2024-06 --workers 1", exits: 1)
      #expect(try await offered(home, "retry --task", "--task") == ["2", "1"])
      #expect(try await offered(home, "retry --task", "--task", prefix: "1") == ["1"])
      #expect(try await offered(home, "watch", "positional@0") == ["1"])
      #expect(try await offered(home, "retry --dataset", "--dataset") == ["price"])
      // A database that is not there is no reason to write into somebody's prompt.
      var lost = home
      lost.environment["AKER_POSTGIS_DSN"] = "host=127.0.0.1 port=1 dbname=x"
      #expect(try await offered(lost, "retry --task", "--task") == [])
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func scriptsAskForThem(shell: String) async throws {
    let script = try await Program.run(Executable.aker, ["--generate-completion-script", shell])
    #expect(script.exitCode == 0 && script.output.contains("---completion"), "\(shell)")
    #expect(script.output.contains("backfill") && script.output.contains("catalog"))
  }
}
