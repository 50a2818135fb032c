internal import AppliedCatalog
internal import Catalog
package import Settings
internal import FoundationEssentials
internal import Lineage
package import Postgres

/// What lineage has recorded, told again as OpenLineage's COMPLETE events.
package struct OpenLineageExport: Sendable {
  private let configuration: AkerConfiguration

  package init(_ configuration: AkerConfiguration) {
    self.configuration = configuration
  }

  /// Publications are read so many at a time: each with its inputs and checks.
  private static let pageCount = 100

  /// Hands on each publication's event, in the order of publication. The run ids are those of the live events.
  /// - Parameters:
  ///   - dataset: all unless told.
  ///   - years: all unless told.
  package func events(
    dataset: String? = nil, years: [Int]? = nil, _ database: PostgresConfiguration, _ connection: PostgresConnection,
    _ body: (String) throws -> Void
  ) async throws {
    let builder = configuration.openLineageBuilder(database)
    let definitions = DefinitionStore()
    var last: Int64 = 0
    while true {
      let rows = try await connection.query(
        """
        SELECT p.*, m.lake FROM lineage.publication p
        LEFT JOIN lake.manifest m USING (dataset, data_year, region, as_of)
        WHERE p.publication_id > $1 AND ($2::text IS NULL OR p.dataset = $2)
          AND (cardinality($3::int[]) = 0 OR p.data_year = ANY ($3::int[]))
        ORDER BY p.publication_id LIMIT $4
        """, [last, dataset, years ?? [], Self.pageCount])
      if rows.isEmpty { return }
      for row in rows {
        last = try row.decode("publication_id")
        let spec = try await definitions.definition(
          dataset: row.decode("dataset"), hash: row.decode("definition_hash"), connection)
        var run = OpenLineageRun(
          taskID: try row.decode("task_id"), leaseToken: try row.decode("lease_token"),
          backfillID: try row.decode("backfill_id"), dataset: try row.decode("dataset"),
          dataYear: try row.decode("data_year"), region: try row.decode("region"), asOf: try row.decode("as_of"),
          codeVersion: try row.decode("code_version"))
        run.inputs = try await inputs(last, connection)
        run.output = OpenLineageRun.Output(
          version: try row.decode("output_sha256"), rowCount: try row.decode("row_count"),
          byteCount: try row.decode("byte_count"), lake: try row.decode("lake") ?? "",
          path: try row.decode("lake_path"), fields: OpenLineageEvents.fields(spec),
          assertions: try await assertions(last, connection))
        try body(try builder.event(.complete, run, try row.decode("published_at")))
      }
    }
  }

  private func inputs(_ publicationID: Int64, _ connection: PostgresConnection) async throws -> [LineageInput] {
    let rows = try await connection.query(
      """
      SELECT i.*, u.dataset AS input_dataset FROM lineage.input i
      LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id
      WHERE i.publication_id = $1 ORDER BY i.ordinal
      """, [publicationID])
    return try rows.map { row in
      let request: String = try row.decode("request_name")
      let origin: LineageInput.Origin =
        if let source: String = try row.decode("source_id") {
          .source(
            id: source, url: try row.decode("url") ?? "", fetchedAt: try row.decode("fetched_at") ?? Date(),
            status: try row.decode("status") ?? 0, cacheHit: try row.decode("cache_hit"))
        } else {
          .dataset(
            name: try row.decode("input_dataset") ?? request,
            publicationID: try row.decode("input_publication_id") ?? 0)
        }
      return LineageInput(
        requestName: request, origin: origin, sha256: try row.decode("sha256"), byteCount: try row.decode("byte_count"),
        isSynthetic: try row.decode("synthetic"))
    }
  }

  private func assertions(
    _ publicationID: Int64, _ connection: PostgresConnection
  ) async throws -> [OpenLineageRun.Assertion] {
    let rows = try await connection.query(
      """
      SELECT r.check_name, r.success, r.column_name, r.severity
      FROM quality.validation v JOIN quality.check_result r USING (validation_id)
      WHERE v.publication_id = $1 ORDER BY r.ordinal
      """, [publicationID])
    return try rows.map { row in
      OpenLineageRun.Assertion(
        name: try row.decode("check_name"), success: try row.decode("success"), column: try row.decode("column_name"),
        isFatal: try row.decode("severity", as: String.self) == "fail")
    }
  }
}
