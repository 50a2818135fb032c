import ArgumentParser
import Testing
import WebService

@testable import Coordinator

/// Every command is offered by the API, or it is said why not; and nothing is said of commands that there are not.
struct APIWalkTests {
  private static func leaves(_ command: any ParsableCommand.Type, _ path: [String] = []) -> [String] {
    let configuration = command.configuration
    let children = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
    if children.isEmpty { return [path.joined(separator: " ")] }
    return children.flatMap { child in leaves(child, path + [name(child)]) }
  }

  private static func name(_ command: any ParsableCommand.Type) -> String {
    command.configuration.commandName
      ?? "\(command)".replacing(/([a-z])([A-Z])/, with: { "\($0.1)-\($0.2)" }).lowercased()
  }

  @Test func commandsAndOperationsAreOfOnePiece() {
    let commands = Set(Self.leaves(Aker.self))
    let known = APICommands.offered.union(APICommands.withheld.keys)
    #expect(commands.subtracting(known).sorted() == [], "neither offered nor withheld with a reason")
    #expect(known.subtracting(commands).sorted() == [], "no such command")
    #expect(APICommands.offered.intersection(APICommands.withheld.keys).sorted() == [])
  }
}
