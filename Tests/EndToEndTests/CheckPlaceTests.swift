import FoundationEssentials
import TestSupport
import Testing

/// A failed check names the document, and where in it the value stands that it refuses.
struct CheckPlaceTests {
  @Test(arguments: [
    ("code,share\na,50\nb,150\n", "such as '150': line 3, column share of"),
    ("code,share\na,50\nb,50\na,60\n", "such as 'a': line 2, column code of"),
    // What stands nowhere as it is published: the document, at least.
    ("code,share\na,50\nb,-0050\n", ", of what was read from file://"),
    ("code,share\n", ", of what was read from file://"),
  ])
  func aFailedCheckSaysWhereItsValueStands(_ document: String, _ says: String) async throws {
    let home = "/tmp/aker-places-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    let folder = home + "/catalog/datasets/shares"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (file, text) in [
      ("/catalog/sources.yml", "sources:\n  - {id: files, name: Files, endpoint: \"file://\(home)\"}\n"),
      ("/shares.csv", document),
      ("/catalog/datasets/shares/transform.sql", "SELECT code, CAST(share AS BIGINT) AS share FROM raw.file"),
      (
        "/catalog/datasets/shares/dataset.yml",
        """
        name: shares
        title: Shares
        partitions: {years: 2021-}
        requests:
          - {name: file, source: files, path: /shares.csv, format: csv, columns: [code, share]}
        columns:
          - {name: code, type: text, description: Code.}
          - {name: share, type: bigint, unit: percent, description: Share., from: [file.share]}
        key: [code]
        checks:
          - expect_column_values_to_be_between: {column: share, min_value: 0, max_value: 100}
          - expect_table_row_count_to_be_between: {min_value: 1}
        """
      ),
    ] { try Data(text.utf8).write(to: URL(filePath: home + file)) }
    let result = try await Program.run(
      Executable.aker, ["run", "shares", "--year", "2021", "--dry-run"],
      environment: [
        "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog",
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ])
    #expect(result.exitCode == 65 && result.errorOutput.replacing("\n", with: " ").contains(says), "\(result)")
    #expect(result.errorOutput.contains("/shares.csv"), "\(result)")
  }
}
