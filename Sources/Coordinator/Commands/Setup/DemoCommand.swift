import ArgumentParser
import Base
import Catalog
import Settings

/// The recorded internet, for one's own first commands.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Serve the recorded sources, to try commands without keys and without the internet.",
    discussion: """
      Figures that come from made-up recordings are marked as such in lineage: they are no real figures.

      EXAMPLES
        aker demo start
        eval "$(aker demo env)"
        aker backfill market_income --years 2016-2018 --workers 1
        aker demo stop
      """,
    subcommands: [Start.self, Stop.self, Env.self])

  private struct Report: Encodable {
    var state: String
    var endpoint: String?
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Start serving the recordings, in the background.", discussion: "EXAMPLES\n  aker demo start")
    @Option(
      help: ArgumentHelp("Folder of the recordings; those that came with the program unless told.", valueName: "path"))
    var recordings: String?
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let demo = RecordedInternet(home: try options.configuration().home)
      let isNew = try await demo.start(recordings: recordings)
      let endpoint = try demo.requireEndpoint()
      if options.json { return try printJSON(Report(state: "running", endpoint: endpoint)) }
      print(
        "\(isNew ? "serving" : "serves already:") \(try demo.sources().count.counted("recorded source")) at \(endpoint)"
      )
      print("for this shell: eval \"$(aker demo env)\"")
      print("then, for instance: aker backfill market_income --years 2016-2018 --workers 1")
    }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop serving them.", discussion: "EXAMPLES\n  aker demo stop")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let demo = RecordedInternet(home: try options.configuration().home)
      let wasRunning = try demo.stop()
      if options.json { return try printJSON(Report(state: "stopped", endpoint: nil)) }
      print(wasRunning ? "stopped" : "it did not run")
    }
  }

  struct Env: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the variables that have commands and workers of this shell ask the recordings.",
      discussion: "EXAMPLES\n  eval \"$(aker demo env)\"")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let configuration = try options.configuration()
      let demo = RecordedInternet(home: configuration.home)
      let registry = try SourceRegistry(directory: configuration.catalogPath)
      let variables = try demo.variables(registry)
      if options.json { return try printJSON(Dictionary(uniqueKeysWithValues: variables)) }
      for (name, value) in variables { print("export \(name)='\(value)'") }
    }
  }
}
