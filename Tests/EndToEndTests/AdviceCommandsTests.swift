import FoundationEssentials
import TestSupport
import Testing

/// Every command that any text of the programs names, in Swift or in SQL, is one that there is, with options that it has.
struct AdviceCommandsTests {
  private struct Tool: Decodable {
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable {
          var kind: String
          var name: String
        }
        var names: [Name]?
      }
      var commandName: String
      var subcommands: [Command]?
      var arguments: [Argument]?
      var defaultSubcommand: String?

      func options(_ path: [String]) -> [String: Set<String>] {
        let own = Set(
          (arguments ?? []).flatMap { $0.names ?? [] }.map { $0.kind == "long" ? "--\($0.name)" : "-\($0.name)" })
        var all = [path.joined(separator: " "): own]
        for command in subcommands ?? [] {
          all.merge(command.options(path + [command.commandName])) { first, _ in first }
          // What is said of the command is said of the subcommand that it means.
          if command.commandName == defaultSubcommand,
            let inner = all[(path + [command.commandName]).joined(separator: " ")]
          {
            all[path.joined(separator: " ")]?.formUnion(inner)
          }
        }
        return all
      }
    }
    var command: Command
  }

  @Test func everyCommandThatATextNamesIsThere() async throws {
    let dump = try await Program.run(Executable.aker, ["--experimental-dump-help"])
    let known = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8)).command.options([])
    var named = 0
    for folder in ["Sources", "migrations"] {
      for file in try FileManager.default.subpathsOfDirectory(atPath: PackageRoot.path + "/" + folder)
      where file.hasSuffix(".swift") || file.hasSuffix(".sql") {
        let path = PackageRoot.path + "/\(folder)/\(file)"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        for line in text.split(separator: "\n") {
          let trimmed = line.drop { $0 == " " }
          if trimmed.hasPrefix("//") || trimmed.hasPrefix("--") { continue }
          for match in trimmed.matches(of: /\baker ((?:[a-z]+)(?: [^"`';,.()\\]*)?)/) {
            let words = match.1.split(separator: " ").map(String.init)
            guard let first = words.first, known[first] != nil else { continue }
            let two = words.prefix(2).joined(separator: " ")
            let command = known[two] != nil ? two : first
            named += 1
            for option in words.dropFirst().prefix(while: { $0 != "aker" && $0 != "then" }) where option.hasPrefix("--")
            {
              #expect(known[command]?.contains(option) == true, "\(file): aker \(match.1): \(command) has no \(option)")
            }
          }
        }
      }
    }
    #expect(named > 100, "\(named)")
  }
}
