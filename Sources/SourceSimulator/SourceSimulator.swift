import ArgumentParser
import NIOCore
import NIOPosix
import UnixSignals

/// The sources' own protocols over recorded answers: what tests, demos and people without keys fetch from.
@main
struct SourceSimulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "source-simulator",
    abstract: "Serves recorded answers of public data sources in their own formats.",
    discussion: """
      Each source is served below /<source_id>/, so that AKER_SOURCE_<ID>_ENDPOINT=http://127.0.0.1:PORT/<source_id> sends
      a worker here instead of to the real one. recordings/README.md says how recordings are named.
      GET /_log tells what was asked, per source, client and second.
      """)

  @Option(help: "The folder of recordings.")
  var recordings: String

  @Option(help: "The port to listen on; 0 takes a free one.")
  var port = 0

  @Option(help: "Write the port to this file once listening.")
  var portFile: String?

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Flag(help: "End when the process that started this one ends, however it does.")
  var exitWithParent = false

  @Option(help: "Answer data queries of keyed Census endpoints only with this key.")
  var keyWall: String?

  @OptionGroup(title: "TLS")
  var tls: TLSOptions

  @Option(help: "A JSON file of faults to begin with, as POST /_faults takes them.")
  var faults: String?

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535") }
    guard Files.isFolder(recordings) else { throw ValidationError("--recordings: no folder at \(recordings)") }
  }

  func run() async throws {
    let simulator = Simulator(recordings: Recordings(path: recordings), keyWall: keyWall)
    if let faults {
      guard let rules = Files.read(faults) else { throw ValidationError("--faults: no file at \(faults)") }
      do { try await simulator.faults.add(JSONValue(parsing: rules)) } catch {
        throw ValidationError("--faults: \(faults): \(error)")
      }
    }
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let plain = try await HTTPServer.bind(host: host, port: port)
    let encrypted = try await tls.bind(host: host)
    // The port files come last: whoever sees one may connect.
    defer { for file in [portFile, tls.portFile].compactMap({ $0 }) { Files.remove(file) } }
    if let encrypted { try tls.announce(encrypted, host: host) }
    if let portFile { try Files.writeAtomically("\(plain.port)\n", to: portFile) }
    print("listening on http://\(host):\(plain.port)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await plain.serve(simulator) }
      if let encrypted { group.addTask { try await encrypted.serve(simulator) } }
      group.addTask { for await _ in signals { return } }
      if exitWithParent { group.addTask { try await ParentProcess.end() } }
      try await group.next()
      group.cancelAll()
    }
  }
}
