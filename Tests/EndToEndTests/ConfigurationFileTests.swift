import FoundationEssentials
import Testing
import TestSupport

/// `aker.yml`, below the environment and the flags.
struct ConfigurationFileTests {
  private struct Row: Decodable {
    var setting: String
    var value: String?
    var origin: String
  }

  private func settings(_ result: Program.Result) throws -> [String: Row] {
    #expect(result.exitCode == 0, "\(result)")
    let rows = try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.setting, $0) })
  }

  @Test func aFlagWinsOverTheEnvironmentAndThatOverTheFile() async throws {
    try await OperatorHome.with { home in
      try home.write(
        """
        home: from-file
        cache_path: s3://bucket/prefix
        log_level: debug
        postgis_dsn: postgresql://me:s3cret@db/warehouse
        """, to: "aker.yml")
      let bare = try await Program.run(Executable.aker, ["config", "--json"], directory: home.path)
      let file = try settings(bare)
      // Relative to the file's folder; a bucket is not.
      #expect(file["home"]?.value == home.path + "/from-file")
      #expect(file["home"]?.origin == "aker.yml")
      #expect(file["cache_path"]?.value == "s3://bucket/prefix")
      #expect(file["migrations_path"]?.origin == "default")
      #expect(file["postgis_dsn"]?.value?.contains("dbname=warehouse") == true)
      #expect(!bare.output.contains("s3cret"))

      let environment = try settings(
        try await Program.run(
          Executable.aker, ["config", "--json"], environment: ["AKER_LOG_LEVEL": "error"], directory: home.path))
      #expect(environment["log_level"]?.value == "error")
      #expect(environment["log_level"]?.origin == "AKER_LOG_LEVEL")

      let flag = try settings(
        try await Program.run(
          Executable.aker, ["config", "--json", "--home", "/there"], environment: ["AKER_HOME": "/here"],
          directory: home.path))
      #expect(flag["home"]?.value == "/there")
      #expect(flag["home"]?.origin == "flag")
    }
  }

  @Test func whatTheEnvironmentSaysOfSourcesIsShownWithoutItsSecrets() async throws {
    try await OperatorHome.with { home in
      try home.write("from-a-file", to: "key")
      let result = try await home.aker(
        "config", "--json",
        environment: [
          "AKER_CENSUS_API_KEY": "s3cretkey", "AKER_BLS_API_KEY_FILE": home.path + "/key",
          "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": "http://me:s3cretword@proxy.internal/acs5",
        ])
      let shown = try settings(result)
      #expect(shown["census_api_key"]?.origin == "AKER_CENSUS_API_KEY")
      #expect(shown["bls_api_key"]?.origin == "AKER_BLS_API_KEY_FILE")
      #expect(shown["source_census_acs5_endpoint"]?.value == "http://[redacted]@proxy.internal/acs5")
      for secret in ["s3cretkey", "from-a-file", "s3cretword"] { #expect(!result.output.contains(secret), "\(result)") }
    }
  }

  @Test func theRegionsOfTheEnvironmentWinOverThoseOfTheFile() async throws {
    try await OperatorHome.with { home in
      try home.write("regions: {market_jobs: [39049, 01001], boundary_tract: \"11\"}\n", to: "aker.yml")
      let file = try settings(try await Program.run(Executable.aker, ["config", "--json"], directory: home.path))
      #expect(file["regions"]?.value == "boundary_tract:11 market_jobs:39049,01001")
      #expect(file["regions"]?.origin == "aker.yml")
      let environment = try settings(
        try await Program.run(
          Executable.aker, ["config", "--json"], environment: ["AKER_REGIONS": "commute_flows:al,dc"],
          directory: home.path))
      #expect(environment["regions"]?.value == "commute_flows:al,dc")
      #expect(environment["regions"]?.origin == "AKER_REGIONS")
      let wrong = try await Program.run(
        Executable.aker, ["config"], environment: ["AKER_REGIONS": "commute_flows=al"], directory: home.path)
      #expect(wrong.exitCode == 78)
      #expect(wrong.errorOutput.contains("'commute_flows=al' is not a dataset with regions"), "\(wrong)")
    }
  }

  @Test func anotherFileCanBeNamed() async throws {
    try await OperatorHome.with { home in
      try home.write("# log_level: debug\n\n", to: "template.yml")
      let blank = try await home.aker("config", environment: ["AKER_CONFIG": home.path + "/template.yml"])
      #expect(blank.exitCode == 0, "\(blank)")
      let absent = try await home.aker("config", environment: ["AKER_CONFIG": home.path + "/absent.yml"])
      #expect(absent.exitCode == 78)
      #expect(absent.errorOutput.contains("absent.yml: cannot be read"), "\(absent)")
    }
  }

  @Test(arguments: [
    ("log_level: info\ncache_pth: x\n", "aker.yml:2: unknown field 'cache_pth'; did you mean 'cache_path'?"),
    ("home: [a]\n", "aker.yml:1: home: expected a text"),
    ("home: \"a\n", "aker.yml"),
    ("regions:\n  market_jobs: []\n", "aker.yml:2: regions.market_jobs: no region: leave it out"),
    ("regions: {market_jobs: [a/b]}\n", "region 'a/b' is not usable"),
    ("regions: {Jobs: [a]}\n", "'Jobs' is not the name of a dataset"),
    ("log_level: loud\n", "'loud' is not a log level"),
  ])
  func aMistakeInTheFileIsNamed(_ text: String, _ message: String) async throws {
    try await OperatorHome.with { home in
      try home.write(text, to: "aker.yml")
      let aker = try await Program.run(Executable.aker, ["config"], directory: home.path)
      #expect(aker.exitCode == 78)
      #expect(aker.errorOutput.contains("error: ") && aker.errorOutput.contains(message), "\(aker)")
      let worker = try await Program.run(Executable.worker, ["--until-empty"], directory: home.path)
      #expect(worker.exitCode == 78)
      #expect(worker.errorOutput.contains(message), "\(worker)")
    }
  }
}
