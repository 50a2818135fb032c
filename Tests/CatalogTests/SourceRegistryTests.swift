import Testing
import TestSupport

@testable import Catalog

struct SourceRegistryTests {
  private func registry(_ texts: String..., environment: [String: String] = [:]) throws -> SourceRegistry {
    let documents = try texts.enumerated().map { try YAMLNode.parse($1, file: "sources\($0).yml") }
    return try SourceRegistry(documents, environment: environment)
  }

  private let base = """
    sources:
      - id: one
        name: One
        endpoint: https://one.example/
        rate_limit: {per_second: 5, burst: 10, concurrency: 2}
      - {id: two, name: Two, endpoint: "https://two.example", enabled: false}
    """

  @Test func theShippedRegistryIsValidAndHasNoWarnings() throws {
    let registry = try SourceRegistry(directory: PackageRoot.catalog)
    #expect(registry.warnings == [])
    #expect(registry["census_acs5"]?.authKeyName == "CENSUS_API_KEY")
  }

  @Test func aSupplementWinsFieldByFieldAndMayAddSources() throws {
    let registry = try registry(
      base,
      """
      sources:
        - id: one
          rate_limit: {per_second: 1}
        - {id: three, name: Three, endpoint: "s3://bucket/prefix"}
      """)
    #expect(registry["one"]?.name == "One")
    #expect(registry["one"]?.endpoint == "https://one.example")
    #expect(registry["one"]?.rateLimit.perSecond == 1)
    #expect(registry["one"]?.rateLimit.concurrency == 2)
    #expect(registry["three"]?.endpoint == "s3://bucket/prefix")
  }

  @Test func theEnvironmentOverridesAnEndpointAndEnablesItsSource() throws {
    let registry = try registry(base, environment: ["AKER_SOURCE_TWO_ENDPOINT": "http://127.0.0.1:8080/two/"])
    #expect(registry["two"]?.endpoint == "http://127.0.0.1:8080/two")
    #expect(registry["two"]?.isEnabled == true)
    #expect(registry["two"]?.allowsPrivateAddress == true)
    #expect(registry["one"]?.allowsPrivateAddress == false)
  }

  @Test func anUnknownFieldWarnsWithTheNearestName() throws {
    let registry = try registry(
      """
      sources:
        - id: one
          name: One
          endpoint: https://one.example
          licence: public domain
          rate_limit: {per_secnd: 5}
      """)
    #expect(
      registry.warnings.map(\.description) == [
        "sources0.yml:6: sources[1].rate_limit: unknown field 'per_secnd'; did you mean 'per_second'?",
        "sources0.yml:5: sources[1]: unknown field 'licence'; did you mean 'license'?",
      ])
  }

  @Test(arguments: [
    (
      "sources:\n  - id: one\n    nmae: One\n    endpoint: https://one.example", 2, "'name' is missing; is 'nmae' meant"
    ),
    ("sources:\n  - id: One-1\n    name: One\n    endpoint: https://one.example", 2, "cannot be a name"),
    ("sources:\n  - id: one\n    name: One\n    endpoint: ftp://one.example", 4, "is not a base URL"),
    (
      "sources:\n  - id: one\n    name: One\n    endpoint: https://x\n    rate_limit:\n      per_second: 0", 6,
      "more than 0"
    ),
    ("sources:\n  - id: one\n    name: One\n    endpoint: https://x\n    enabled: maybe", 5, "true or false"),
    ("sources:\n  - id: one\n    id: two", 2, "given twice"),
    ("sources:\n  - id: one\n   name: x", 3, ""),
    ("sources: {}", 1, "expected a list"),
    (
      "sources:\n  - {id: a, name: A, endpoint: 'https://a'}\n  - {id: a, name: A, endpoint: 'https://a'}", 3,
      "declared twice"
    ),
  ])
  func aMistakeIsNamedWithFileAndLine(text: String, line: Int, message: String) throws {
    let error = #expect(throws: YAMLError.self) { try registry(text) }
    #expect(error?.problem.file == "sources0.yml")
    #expect(error?.problem.line == line)
    #expect(error?.summary.contains(message) == true, "\(error?.summary ?? "")")
  }

  @Test(arguments: [("mraket_income", "market_income"), ("market", "market_income"), ("zzz", nil)])
  func theNearestNameIsASlipAwayAndNotAnotherWord(name: String, nearest: String?) {
    #expect(NearestName.find(name, in: ["market_income", "price_index", "hazard_risk"]) == nearest)
  }
}
