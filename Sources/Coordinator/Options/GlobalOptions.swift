import ArgumentParser
import Base
import Settings

/// What every command takes.
struct GlobalOptions: ParsableArguments {
  @Flag(help: "Print JSON instead of tables.")
  var json = false

  @Option(help: ArgumentHelp("Folder of the embedded database, tools and cache (AKER_HOME).", valueName: "path"))
  var home: String?

  func configuration() throws -> AkerConfiguration {
    var flags: [Setting: String] = [:]
    if let home { flags[.home] = home }
    return try AkerConfiguration.load(flags: flags)
  }
}
