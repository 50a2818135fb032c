import ArgumentParser
import Postgres

/// Every publication of a partition.
struct LakeHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List every publication of a partition, the newest first.",
    discussion: """
      What the warehouse shows is marked, and so is what was withdrawn. The number is what aker lake rollback --to takes; \
      the definition is named as aker retry --definition takes it.

      EXAMPLES
        aker lake history market_income 2012
        aker lake history market_jobs 2021 --region 39049 --json
      """)
  @OptionGroup var partition: PublishedPartitionArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    try await partition.requireRegion(connection)
    let definition = options.json ? "p.definition_hash" : "left(p.definition_hash, 12)"
    let hash = options.json ? "p.output_sha256" : "left(p.output_sha256, 12)"
    try await printQuery(
      connection,
      """
      SELECT p.publication_id AS publication, p.as_of, date_trunc('second', p.published_at) AS published_at, p.outcome,
        p.row_count, \(hash) AS sha256, p.task_id, \(definition) AS definition, p.definition_hash = d.definition_hash AS is_applied,
        CASE WHEN w.publication_id IS NOT NULL THEN 'shown' WHEN x.publication_id IS NOT NULL THEN 'withdrawn' ELSE '' END AS warehouse
      FROM lineage.publication p
        LEFT JOIN warehouse.partition w USING (publication_id, dataset, data_year, region)
        LEFT JOIN lake.withdrawal x USING (publication_id) LEFT JOIN catalog.dataset d ON d.name = p.dataset
      WHERE p.dataset = $1 AND p.data_year = $2 AND p.region = $3 ORDER BY p.publication_id DESC
      """, [partition.dataset, partition.year, partition.region], json: options.json,
      whenEmpty: "\(partition.name) was never published",
      table: """
        publication, as_of, to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS "at (UTC)", row_count AS rows,
        left(sha256, 8) AS sha256, left(definition, 12) || CASE WHEN is_applied THEN '' ELSE ' (old)' END AS definition,
        CASE WHEN warehouse <> '' THEN warehouse ELSE CASE outcome WHEN 'lake_only' THEN 'kept' ELSE outcome END END AS state
        """)
  }
}
