import FoundationEssentials
import Lineage
import Testing

/// The tree of a publication, as it is drawn.
struct LineageTreeTests {
  private func tree(_ partition: String, inputs: String, usedBy: String = "[]") throws -> LineageTree {
    let json = """
      {"publicationID": 7, "partition": "\(partition)", "asOf": "2024-06", "outcome": "published",
       "publishedAt": "2024-06-30 14:05:00+00", "rowCount": 1, "byteCount": 2048,
       "outputSHA256": "0123456789abcdef", "lakePath": "a/b.parquet", "definitionHash": "fedcba9876543210",
       "taskID": 12, "attemptNumber": 2, "workerID": "w-1", "host": "h", "codeVersion": "0.1.0",
       "inputs": \(inputs), "usedBy": \(usedBy)}
      """
    return try JSONDecoder().decode(LineageTree.self, from: Data(json.utf8))
  }

  private static let document = """
    {"request": "rows", "source": "census_acs5", "url": "https://api.census.gov/data", "fetchedAt": "2024-06-30",
     "sha256": "00112233445566778899", "byteCount": 10, "isSynthetic": false}
    """

  @Test func aDocumentIsNamedWithItsSourceAndAddress() throws {
    let lines = try tree("market_income 2012", inputs: "[\(Self.document)]").lines()
    #expect(
      lines == [
        "market_income 2012 as of 2024-06",
        "├─ published 2024-06-30 14:05:00+00", "│     1 row, 2048 bytes, sha256 0123456789ab",
        "├─ task 12, attempt 2, worker w-1 on h, aker 0.1.0", "├─ definition fedcba987654", "├─ file a/b.parquet",
        "└─ rows from census_acs5, fetched 2024-06-30", "      10 bytes, sha256 001122334455",
        "      https://api.census.gov/data",
      ], "\(lines.joined(separator: "\n"))")
  }

  @Test func madeUpFiguresAreNeverTakenForReal() throws {
    let document = Self.document.replacing("\"isSynthetic\": false", with: "\"isSynthetic\": true")
    let lines = try tree("a 2012", inputs: "[\(document)]").lines()
    #expect(lines.contains { $0.hasSuffix("SYNTHETIC: not real figures") }, "\(lines)")
  }

  @Test func aTreeWithinATreeIsDrawnBelowItsBranch() throws {
    let inner = String(
      decoding: try JSONEncoder().encode(try tree("county 2012", inputs: "[\(Self.document)]")), as: UTF8.self)
    let outer = try tree(
      "jobs 2012", inputs: "[{\"request\": \"county\", \"isSynthetic\": false, \"publication\": \(inner)}]",
      usedBy: "[\"shares 2012 as of 2024-06\"]")
    let lines = outer.lines()
    #expect(lines.contains("├─ read county 2012 as of 2024-06"), "\(lines)")
    #expect(lines.contains("│  └─ rows from census_acs5, fetched 2024-06-30"), "\(lines)")
    #expect(lines.contains("│        10 bytes, sha256 001122334455"), "\(lines)")
    #expect(lines.last == "└─ used by shares 2012 as of 2024-06")
  }

  @Test func whatASourceDidNotOfferIsToldInItsPlace() throws {
    let note = """
      [{"request": "feed", "source": "press_feeds", "url": "https://example.org/feed", "isSynthetic": false,
        "note": "not offered (404)"}]
      """
    let lines = try tree("a 2012", inputs: note).lines()
    #expect(lines.suffix(2) == ["└─ feed: not offered (404)", "      https://example.org/feed"], "\(lines)")
  }

  @Test func itsKeysAreInSnakeCase() throws {
    let json = try tree("a 2012", inputs: "[]").json()
    #expect(json.contains("\"row_count\"") && json.contains("\"used_by\"") && !json.contains("rowCount"), "\(json)")
  }
}
