import Settings
import Logging
import Testing

struct PrecedenceTests {
  private static let file = (
    path: "/srv/aker.yml", values: [Setting.home: "/file", .logLevel: "notice", .duckdb: "/d"]
  )

  @Test func aFlagWinsOverTheEnvironmentThatOverTheFileAndThatOverTheDefault() throws {
    let configuration = try AkerConfiguration(
      flags: [.home: "/flag"], environment: ["AKER_HOME": "/environment", "AKER_LOG_LEVEL": "debug"], file: Self.file)
    #expect(configuration.home == "/flag")
    #expect(configuration.values[.home]?.origin == .flag)
    #expect(configuration.logLevel == .debug)
    #expect(configuration.values[.logLevel]?.origin == .environment("AKER_LOG_LEVEL"))
    #expect(configuration.values[.duckdb]?.origin == .file("/srv/aker.yml"))
    #expect(configuration.values[.openLineageNamespace]?.text == "aker")
    #expect(configuration.values[.openLineageNamespace]?.origin == .standard)
  }

  @Test func anEmptyVariableIsNone() throws {
    let configuration = try AkerConfiguration(environment: ["AKER_HOME": ""], file: Self.file)
    #expect(configuration.home == "/file")
  }

  @Test func everySettingHasAVariableOfItsOwnAndSaysWhatItIs() {
    let variables = Setting.allCases.map(\.environmentVariable)
    #expect(Set(variables).count == variables.count)
    for setting in Setting.allCases {
      #expect(setting.environmentVariable.wholeMatch(of: /AKER_[A-Z_]+/) != nil)
      #expect(!setting.explanation.isEmpty)
    }
  }

  @Test func aLevelThatIsNoneIsRefused() {
    #expect(throws: ConfigurationError.unknownLogLevel("loud")) {
      try AkerConfiguration(environment: ["AKER_LOG_LEVEL": "loud"])
    }
  }

  @Test func aLakeInABucketKeepsAFolderOfThisHost() throws {
    let configuration = try AkerConfiguration(
      environment: ["AKER_HOME": "/home", "AKER_CACHE_PATH": "s3://bucket/prefix"])
    #expect(configuration.cachePath == "s3://bucket/prefix")
    #expect(configuration.localCachePath == "/home/cache")
  }
}
