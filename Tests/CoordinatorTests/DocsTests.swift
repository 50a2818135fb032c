import ArgumentParser
import Settings
import Foundation
import FoundationEssentials
import Testing
import TestSupport

@testable import Coordinator

/// The docs name what there is, and what there is stands in the docs.
struct DocsTests {
  private static func text(_ path: String) throws -> String {
    let contents = try #require(FileManager.default.contents(atPath: PackageRoot.path + "/" + path), "\(path)")
    return String(decoding: contents, as: UTF8.self)
  }

  private static func files(_ folder: String, _ ending: String) throws -> [String] {
    let root = PackageRoot.path + "/" + folder
    return try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(ending) }
      .map { folder + "/" + $0 }.sorted()
  }

  private static func folders(_ folder: String) throws -> Set<String> {
    let root = PackageRoot.path + "/" + folder
    return Set(
      try FileManager.default.contentsOfDirectory(atPath: root).filter { name in
        var isFolder = false
        return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder) && isFolder
      })
  }

  private static func section(_ heading: String, of text: String) -> Substring {
    guard let start = text.range(of: "\n## \(heading)\n") else { return "" }
    let rest = text[start.upperBound...]
    return rest.range(of: "\n## ").map { rest[..<$0.lowerBound] } ?? rest
  }

  /// The first cells of a section's tables that are code.
  private static func names(_ section: Substring) -> Set<String> {
    Set(section.matches(of: /(?m)^\| `([^`]+)`[^|]*\|/).map { String($0.1) })
  }

  private static var handWritten: [String] {
    get throws {
      let pages = try files("docs", ".md").filter { !$0.hasPrefix("docs/datasets/") }
      return pages + ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
    }
  }

  @Test func everyRoomIsOnTheMapAndATargetOfItsOwn() throws {
    let rooms = try Self.folders("Sources/Shared").filter { name in
      !FileManager.default.fileExists(atPath: "\(PackageRoot.path)/Sources/Shared/\(name)/module.modulemap")
    }
    let named = Self.names(Self.section("Rooms", of: try Self.text("docs/architecture.md")))
    #expect(named == rooms, "missing: \(rooms.subtracting(named)), gone: \(named.subtracting(rooms))")
    let package = try Self.text("Package.swift")
    for room in rooms { #expect(package.contains(try Regex("room\\(\\s*\"\(room)\"")), "\(room)") }
  }

  @Test func everySchemaIsDescribed() throws {
    var schemas: Set<String> = ["public"]
    for file in try Self.files("migrations", ".sql") {
      for match in try Self.text(file).matches(of: /CREATE SCHEMA (?:IF NOT EXISTS )?([a-z_]+)/) {
        schemas.insert(String(match.1))
      }
    }
    let named = Self.names(Self.section("Database", of: try Self.text("docs/architecture.md")))
    #expect(named == schemas, "missing: \(schemas.subtracting(named)), gone: \(named.subtracting(schemas))")
  }

  @Test func everyCommandIsOnThePageOfCommands() throws {
    let page = try Self.text("docs/cli.md")
    let commands = Aker.configuration.groupedSubcommands.flatMap(\.subcommands) + Aker.configuration.subcommands
    let names = Set(commands.compactMap { $0.configuration.commandName })
    #expect(names.count > 20, "\(names)")
    for name in names { #expect(page.contains(try Regex("`aker \(name)[` ]")), "aker \(name)") }
    for file in try Self.handWritten {
      for match in try Self.text(file).matches(of: /`aker ([a-z][a-z-]*)/) {
        #expect(names.contains(String(match.1)) || match.1 == "help", "\(file): aker \(match.1)")
      }
    }
  }

  /// What tests alone set: not for people.
  private static let testVariables: Set = ["AKER_CONTRACT", "AKER_CRASH_AT", "AKER_SUSPEND_AT"]

  @Test func everySettingAndVariableIsDescribed() throws {
    let page = try Self.text("docs/cli.md")
    for setting in Setting.allCases {
      #expect(page.contains("`\(setting.environmentVariable)`"), "\(setting.environmentVariable)")
    }
    let docs = try Self.handWritten.map(Self.text).joined()
    for file in try Self.files("Sources", ".swift") {
      for match in try Self.text(file).matches(of: /"(AKER_[A-Z0-9_]*[A-Z0-9])"/) {
        let name = String(match.1)
        #expect(docs.contains(name) || Self.testVariables.contains(name), "\(file): \(name)")
      }
    }
  }

  /// What an installation may add.
  private static let optionalPaths: Set = ["catalog/sources_supplement.yml"]

  @Test func everyPathAndLinkLeadsSomewhere() throws {
    for file in try Self.handWritten {
      let text = try Self.text(file)
      let folder = file.split(separator: "/").dropLast().joined(separator: "/")
      for match in text.matches(of: /\]\(([^):#]+)(?:#[^)]*)?\)/) {
        let path = folder.isEmpty ? String(match.1) : "\(folder)/\(match.1)"
        #expect(FileManager.default.fileExists(atPath: "\(PackageRoot.path)/\(path)"), "\(file): \(match.1)")
      }
      for match in text.matches(of: /`((?:Sources|Tests|docs|scripts|catalog|migrations)\/[A-Za-z0-9_.+\/-]+)`/) {
        let isThere = FileManager.default.fileExists(atPath: "\(PackageRoot.path)/\(match.1)")
        #expect(isThere || Self.optionalPaths.contains(String(match.1)), "\(file): \(match.1)")
      }
    }
  }

  @Test func theNumberOfDatasetsIsTrue() throws {
    let count = try Self.folders("catalog/datasets").count
    #expect(try Self.text("README.md").contains("of \(count) datasets"), "there are \(count)")
  }
}
