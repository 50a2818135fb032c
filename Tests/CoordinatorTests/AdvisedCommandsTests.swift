import ArgumentParser
import Console
import FoundationEssentials
import TestSupport
import Testing

@testable import Coordinator

/// Every command that any text of the programs advises, in Swift or in SQL, goes through the real parser with its arguments: those
/// that are filled in get a value of their kind.
struct AdvisedCommandsTests {
  /// A command in a text, to the end of its sentence or line: words, of which the last may be prose.
  struct Named {
    var place: String
    var words: [String]
    var shown: String { "\(place): aker \(words.joined(separator: " "))" }
  }

  /// What a program fills in, by the names that it has there.
  private static func value(of placeholder: String, after option: String?) -> String {
    let name = placeholder.lowercased()
    switch option {
    case "--years", "--year": return "2012"
    case "--as-of": return "2024-06"
    case "--task", "--backfill", "--to": return "1"
    case "--dataset": return "market_income"
    case "--source": return "census_acs5"
    case "--level": return "viewer"
    default: break
    }
    for (part, value) in [
      ("level", "viewer"), ("year", "2012"), ("source", "census_acs5"), ("flow", "collect-permits"), ("event", "abc"),
      ("vintage", ""), ("region", ""), ("dataset", "market_income"), ("name", "market_income"), ("command", ""),
    ] where name.contains(part) { return value }
    return "1"
  }

  static func commands(in text: String, _ place: String) -> [Named] {
    var lines: [String] = []
    var goesOn = false
    for line in text.split(separator: "\n") {
      let words = line.drop { $0 == " " }
      // Comments are for whoever changes the program.
      if words.hasPrefix("//") || words.hasPrefix("--") { continue }
      if goesOn, let last = lines.popLast() { lines.append(last + words) } else { lines.append(String(line)) }
      goesOn = words.hasSuffix("\\")
      if goesOn { lines[lines.count - 1].removeLast() }
    }
    return lines.filter { $0.contains("aker ") }.flatMap { line -> [Named] in
      // What is filled in: \(…), {…} and %s.
      // What is quoted is one word.
      var marked = line.replacing(/(--[a-z-]+ )\\?["'][^"'\n]*\\?["']/) { "\($0.1)\u{1}" }
      for pattern in [#"\\\((?<name>(?:[^()]|\([^()]*\))*)\)"#, #"\{(?<name>[a-z]+)\}"#, "%(?<name>[sLI])"] {
        marked = marked.replacing(Self.regex(pattern), with: Self.mark)
      }
      return marked.matches(of: /\baker ([a-z][^"`;,()|#'→]*)/).compactMap { match in
        let words = match.1.split(separator: " ").map(String.init)
        return words.isEmpty ? nil : Named(place: place, words: words)
      }
    }
  }

  private static func regex(_ pattern: String) -> Regex<AnyRegexOutput> {
    guard let regex = try? Regex(pattern) else { preconditionFailure("no regular expression: \(pattern)") }
    return regex
  }

  /// What stands for something that is filled in, with its name.
  private static func mark(_ match: Regex<AnyRegexOutput>.Match) -> String {
    let name = match["name"]?.substring.map(String.init) ?? ""
    return "\u{1}" + name.filter { !" \",)(".contains($0) }
  }

  private static func filled(_ words: [String]) -> [String] {
    var result: [String] = []
    for var word in words {
      while let last = word.last, ".:".contains(last) { word.removeLast() }
      if let mark = word.firstIndex(of: "\u{1}") {
        let value = value(of: String(word[word.index(after: mark)...]), after: result.last)
        word = String(word[..<mark]) + value
      } else if word == "…" || word == "..." || word.wholeMatch(of: /[A-Z][A-Z_,-]+|N/) != nil {
        word = value(of: word, after: result.last)
      }
      if !word.isEmpty { result.append(word) }
    }
    return result
  }

  /// Whether the parser takes it, with all that its commands look at before they run.
  private static func parses(_ words: [String]) -> Bool {
    do {
      _ = try Aker.parseAsRoot(words)
      return true
    } catch {
      // Help was asked for.
      return Aker.exitCode(for: error) == .success
    }
  }

  @Test func everyAdvisedCommandParsesWithItsArguments() throws {
    var named: [Named] = Advice.allCases.flatMap { Self.commands(in: $0.rawValue, "\($0)") }
    #expect(named.count > 20)
    for folder in ["Sources", "migrations"] {
      for file in try FileManager.default.subpathsOfDirectory(atPath: PackageRoot.path + "/" + folder)
      where file.hasSuffix(".swift") || file.hasSuffix(".sql") {
        let path = PackageRoot.path + "/\(folder)/\(file)"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        named += Self.commands(in: text, file)
      }
    }
    let commands = Aker.configuration.groupedSubcommands.flatMap(\.subcommands) + Aker.configuration.subcommands
    let known = Set(commands.compactMap { $0.configuration.commandName })
    var parsed = 0
    var seen: Set<[String]> = []
    for command in named {
      let words = Self.filled(command.words)
      guard let first = words.first, known.contains(first) else { continue }
      guard seen.insert(words).inserted else { continue }
      // The longest beginning that is a command: what follows is the sentence about it.
      if let count = (1...words.count).reversed().first(where: { Self.parses(Array(words.prefix($0))) }) {
        parsed += 1
        let left = words.dropFirst(count).filter { $0.hasPrefix("--") }
        // An option that another command of the same sentence has.
        #expect(left.isEmpty || words.dropFirst(count).contains("aker"), "\(command.shown): \(left) is not taken")
      } else {
        // A command by its name alone, as `aker retry` in a sentence about it.
        let isName = !command.words.contains { $0.hasPrefix("--") || $0.contains("\u{1}") }
        #expect(isName && Self.parses([first, "--help"]), "\(command.shown) does not parse: \(words)")
      }
    }
    #expect(parsed > 100, "\(parsed)")
  }

  /// A check that could not fail would be none.
  @Test(arguments: ["retry --backfil 3", "task", "backfill market_income --years 2012 --worker 2", "cancel --task"])
  func whatIsNoCommandDoesNotParse(_ line: String) {
    #expect(!Self.parses(line.split(separator: " ").map(String.init)))
  }
}
