internal import FoundationEssentials
package import Postgres
internal import Base

/// Where a partition came from, down to the documents of its sources.
package struct LineageTree: Sendable, Codable {
  package struct Input: Sendable, Codable {
    package var request: String
    package var source: String?
    package var url: String?
    package var fetchedAt: String?
    package var sha256: String?
    package var byteCount: Int64?
    package var isSynthetic: Bool
    package var note: String?
    /// For a partition of another dataset: its own tree.
    package var publication: LineageTree?
  }

  package var publicationID: Int64
  package var partition: String
  package var asOf: String
  package var outcome: String
  package var publishedAt: String
  package var rowCount: Int64
  package var byteCount: Int64
  package var outputSHA256: String
  package var lakePath: String
  package var definitionHash: String
  package var taskID: Int64
  package var attemptNumber: Int?
  package var workerID: String
  package var host: String
  package var codeVersion: String
  package var inputs: [Input]
  /// Partitions made of this one.
  package var usedBy: [String]

  /// The current publication of a partition; nil when there is none.
  package static func current(
    _ connection: PostgresConnection, dataset: String, dataYear: Int, region: String = "", asOf: String? = nil
  ) async throws -> LineageTree? {
    let rows = try await connection.query(
      """
      SELECT publication_id FROM lake.manifest
      WHERE dataset = $1 AND data_year = $2 AND region = $3 AND as_of = coalesce($4, as_of) ORDER BY as_of DESC LIMIT 1
      """, [dataset, dataYear, region, asOf])
    guard let row = rows.first else { return nil }
    return try await read(connection, publicationID: row.decode("publication_id"), depth: 0)
  }

  /// Deeper than any sensible chain of datasets; ends what a mistake in the data would make endless.
  private static let depthLimit = 20

  private static func read(
    _ connection: PostgresConnection, publicationID: Int64, depth: Int
  ) async throws -> LineageTree? {
    let rows = try await connection.query(
      "SELECT * FROM lineage.publication WHERE publication_id = $1", [publicationID])
    guard let row = rows.first else { return nil }
    var inputs: [Input] = []
    let inputRows = try await connection.query(
      "SELECT * FROM lineage.input WHERE publication_id = $1 ORDER BY ordinal", [publicationID])
    for input in inputRows {
      let upstream: Int64? = try input.decode("input_publication_id")
      var tree: LineageTree?
      if let upstream, depth < depthLimit {
        tree = try await read(connection, publicationID: upstream, depth: depth + 1)
      }
      inputs.append(
        Input(
          request: try input.decode("request_name"), source: try input.text("source_id"), url: try input.text("url"),
          fetchedAt: try input.text("fetched_at").map(PostgresTimestamp.rfc3339), sha256: try input.text("sha256"),
          byteCount: try input.decode("byte_count"), isSynthetic: try input.decode("synthetic"),
          note: try input.text("note"), publication: tree))
    }
    let users = try await connection.query(
      """
      SELECT DISTINCT used_by_dataset || ' ' || used_by_year || ' as of ' || used_by_as_of AS name
      FROM lineage.downstream WHERE publication_id = $1 ORDER BY 1
      """, [publicationID])
    let region: String = try row.decode("region")
    let name = "\(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self))"
    return LineageTree(
      publicationID: publicationID, partition: region.isEmpty ? name : "\(name) \(region)",
      asOf: try row.decode("as_of"), outcome: try row.decode("outcome"),
      publishedAt: try PostgresTimestamp.rfc3339(row.decode("published_at")),
      rowCount: try row.decode("row_count"), byteCount: try row.decode("byte_count"),
      outputSHA256: try row.decode("output_sha256"), lakePath: try row.decode("lake_path"),
      definitionHash: try row.decode("definition_hash"), taskID: try row.decode("task_id"),
      attemptNumber: try row.decode("attempt_number"), workerID: try row.decode("worker_id"),
      host: try row.decode("host"), codeVersion: try row.decode("code_version"), inputs: inputs,
      usedBy: try users.map { try $0.decode("name") })
  }

  // MARK: Printing

  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// As a tree of lines.
  package func lines() -> [String] {
    var lines = ["\(partition) as of \(asOf)"]
    let attempt = attemptNumber.map { ", attempt \($0)" } ?? ""
    var branches: [[String]] = [
      [
        "\(outcome) \(publishedAt)",
        "   \(rowCount.counted("row")), \(byteCount.counted("byte")), sha256 \(outputSHA256.prefix(12))",
      ],
      ["task \(taskID)\(attempt), worker \(workerID) on \(host), aker \(codeVersion)"],
      ["definition \(definitionHash.prefix(12))"], ["file \(lakePath)"],
    ]
    for input in inputs {
      if let publication = input.publication {
        let inner = publication.lines()
        branches.append(["read " + (inner.first ?? "")] + inner.dropFirst())
      } else if let note = input.note {
        branches.append(["\(input.request): \(note)", input.url.map { "   \($0)" } ?? ""])
      } else {
        let synthetic = input.isSynthetic ? ", SYNTHETIC: not real figures" : ""
        branches.append([
          "\(input.request) from \(input.source ?? "?"), fetched \(input.fetchedAt ?? "?")",
          "   \((input.byteCount ?? 0).counted("byte")), sha256 \((input.sha256 ?? "").prefix(12))\(synthetic)",
          "   " + (input.url ?? ""),
        ])
      }
    }
    for user in usedBy { branches.append(["used by \(user)"]) }
    for (index, branch) in branches.enumerated() {
      let isLast = index == branches.count - 1
      for (number, line) in branch.enumerated() where !line.isEmpty {
        lines.append((number == 0 ? (isLast ? "└─ " : "├─ ") : (isLast ? "   " : "│  ")) + line)
      }
    }
    return lines
  }
}
