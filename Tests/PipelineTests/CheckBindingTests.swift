import Catalog
import CatalogTools
import Testing
import TestSupport

/// `aker catalog check` over the checks of a dataset.
@Suite("Checks of the catalog", .database)
struct CheckBindingTests {
  private static let other = """
    name: place
    title: Places
    partitions: {years: 2009-}
    requests: [{name: rows, source: any, path: /, format: csv, columns: [a]}]
    columns:
      - {name: geo_id, type: text, description: Code.}
      - {name: number, type: integer, description: Number.}
    key: [geo_id]
    """

  /// Twelve lines; the checks begin in the next.
  private static let head = """
    name: figures
    title: Figures
    partitions: {years: 2009-}
    requests: [{name: rows, source: any, path: /, format: csv, columns: [a]}]
    columns:
      - {name: geo_id, type: text, description: Code.}
      - {name: day, type: date, description: Day.}
      - {name: amount, type: bigint, description: Amount.}
      - {name: share, type: double, description: Share.}
      - {name: is_new, type: boolean, description: New.}
    key: [geo_id]
    checks:

    """
  private static let transform =
    "SELECT '1' AS geo_id, DATE '2020-01-01' AS day, 1 AS amount, 0.5 AS share, true AS is_new"

  private struct Case {
    var checks: [String] = []
    var transform = CheckBindingTests.transform
  }

  /// - Returns: what is said of each, a dataset of its own in one catalog.
  private func problems(_ cases: [Case]) async throws -> [[String]] {
    var found: [[String]] = []
    try await Workshop.open { workshop, _ in
      try workshop.define("place", Self.other, "SELECT '1' AS geo_id, 1 AS number")
      for (index, dataset) in cases.enumerated() {
        let checks = dataset.checks.map { "  - \($0)\n" }.joined()
        try workshop.define(
          "figures_\(index)", Self.head.replacing("name: figures", with: "name: figures_\(index)") + checks,
          dataset.transform)
      }
      let check = CatalogCheck(engine: try await workshop.engine(), directory: workshop.catalog, registry: nil)
      let problems = try await check.run().problems.map(\.description)
      found = cases.indices.map { index in
        let folder = workshop.catalog + "/datasets/figures_\(index)/"
        return problems.filter { $0.hasPrefix(folder) }.map { String($0.dropFirst(folder.count)) }
      }
      #expect(problems.count == found.joined().count, "\(problems)")
    }
    return found
  }

  @Test("checks that can be made are not refused: of every kind, and as a foreign key of a dataset nothing waits for")
  func accepts() async throws {
    let found = try await problems([
      Case(checks: [
        "expect_column_values_to_match_regex: {column: geo_id, regex: '^[0-9]+$'}",
        "expect_column_values_to_exist_in_dataset: {column: geo_id, dataset: place, other_column: geo_id, severity: warn}",
        "expect_column_values_to_exist_in_dataset: {column: amount, dataset: place, other_column: number, severity: warn, where: {is_new: 'true'}}",
        "expect_column_values_to_be_in_set: {column: share, value_set: ['0.5', '1.0']}",
        "expect_column_values_to_be_in_set: {column: is_new, value_set: ['true']}",
        "expect_column_pair_values_a_to_be_greater_than_b: {column_A: amount, column_B: share, or_equal: true}",
        "expect_column_min_to_be_between: {column: amount, min_value: 0}",
        "expect_column_unique_value_count_to_be_between: {column: day, min_value: 1}",
      ])
    ])
    #expect(found == [[]])
  }

  private static let refused: [(check: String, message: String)] = [
    (
      "expect_column_values_to_not_be_null: {column: geo_idd}",
      "column 'geo_idd' is not declared; did you mean 'geo_id'?"
    ),
    (
      "expect_column_values_to_exist_in_dataset: {column: geo_id, dataset: plac, other_column: geo_id, severity: warn}",
      "expect_column_values_to_exist_in_dataset: there is no dataset 'plac'; did you mean 'place'?"
    ),
    (
      "expect_column_values_to_exist_in_dataset: {column: geo_id, dataset: place, other_column: geoid, severity: warn}",
      "dataset 'place' has no column 'geoid'; did you mean 'geo_id'?"
    ),
    (
      "expect_column_values_to_exist_in_dataset: {column: geo_id, dataset: place, other_column: number, severity: warn}",
      "'geo_id' is text, and 'number' of place is integer"
    ),
    (
      "expect_column_values_to_exist_in_dataset: {column: geo_id, dataset: place, other_column: geo_id, severity: warn, exceptions: ['(?=1)']}",
      "invalid perl operator: (?="
    ),
    (
      "expect_column_values_to_exist_in_dataset: {column: amount, dataset: place, other_column: number, severity: warn, where: {is_new: 'yes'}}",
      "'is_new' is boolean, and never reads 'yes'; write 'true'"
    ),
    ("expect_column_values_to_match_regex: {column: geo_id, regex: '^(a'}", "missing ): ^(a"),
    (
      "expect_column_values_to_match_regex: {column: amount, regex: '^1'}",
      "'amount' is bigint, and this is about text; for numbers there is expect_column_values_to_be_between"
    ),
    (
      "expect_column_value_lengths_to_be_between: {column: day, min_value: 1}",
      "'day' is date, and this is about text"
    ),
    (
      "expect_column_values_to_be_between: {column: geo_id, min_value: 1}",
      "needs a column of numbers; geo_id is text"
    ),
    ("expect_column_max_to_be_between: {column: day, max_value: 1}", "'day' is date, and this is about numbers"),
    (
      "expect_column_values_to_be_between: {column: amount, min_value: 5, max_value: 1}",
      "min_value is greater than max_value"
    ),
    (
      "expect_column_pair_values_a_to_be_greater_than_b: {column_A: amount, column_B: geo_id}",
      "'amount' is bigint and 'geo_id' is text: neither is greater than the other"
    ),
    (
      "expect_column_values_to_be_in_set: {column: share, value_set: ['0.5', '1']}",
      "'share' is double, and never reads '1'; write '1.0'"
    ),
    (
      "expect_column_distinct_values_to_contain_set: {column: amount, value_set: [many]}",
      "'amount' is bigint, and never reads 'many'"
    ),
  ]

  @Test("a check that could not be made, or never be met, is an error at its line, with what was probably meant")
  func refuses() async throws {
    // The good ones before and after it are not blamed.
    let good = "expect_column_values_to_not_be_null: {column: share}"
    let found = try await problems(Self.refused.map { Case(checks: [good, $0.check, good]) })
    for ((check, message), problems) in zip(Self.refused, found) {
      #expect(problems.count == 1, "\(check): \(problems)")
      #expect(
        problems.first?.hasPrefix("dataset.yml:14") == true && problems.first?.contains(message) == true,
        "\(check): \(problems)")
    }
  }

  @Test("a column that the transform does not give, or gives as what cannot become the declared type, is an error")
  func transforms() async throws {
    func transform(_ old: String, _ new: String) -> Case { Case(transform: Self.transform.replacing(old, with: new)) }
    let found = try await problems([
      transform("1 AS amount", "1 AS amonut"), transform("1 AS amount", "[1] AS amount"),
      transform("true AS", "now() AS"),
    ])
    #expect(found[0].contains { $0.hasPrefix("transform.sql:1") && $0.contains("'amount'; did you mean 'amonut'?") })
    #expect(found[1].count == 1 && found[2].count == 1, "\(found)")
    #expect(found[1][0].contains("gives 'amount' as INTEGER[], which cannot become the declared bigint"))
    #expect(
      found[2][0].contains("gives 'is_new' as TIMESTAMP WITH TIME ZONE, which cannot become the declared boolean"))
  }
}
