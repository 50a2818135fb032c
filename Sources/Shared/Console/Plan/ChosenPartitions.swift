package import Catalog
package import Postgres

/// Datasets and years, as a plan and a backfill ask the queue for them.
package struct ChosenPartitions: Sendable {
  package var specs: [DatasetSpec]
  package var years: YearList
  package var regions: RegionChoice
  package var partitions: PartitionChoice
  package var mode: PartitionMode
  /// What the backfill is called in lists: `flow collect-permits, 2023-2024`.
  package var note: String

  /// - Throws: `Refusal` for a dataset that has none of the years.
  package func requireYears() throws {
    for spec in specs where !years.years.contains(where: spec.contains(year:)) {
      throw Refusal(
        .state,
        "\(spec.name) has the years \(spec.yearsText); \(years) \(years.years.count == 1 ? "is" : "are") outside",
        advice: "Choose --years within them.")
    }
  }

  /// - Throws: `Refusal` for a region that none of the datasets has.
  package func requireRegions() throws {
    for region in partitions.regions { try CatalogLoading.requireRegion(region, in: specs) }
  }

  /// Datasets that the database knows otherwise than the catalog folder, or not at all, in one sentence; nil for none.
  package func differing(from session: some PostgresSession) async throws -> String? {
    let known = try await session.query(
      "SELECT name, definition_hash AS hash FROM catalog.dataset WHERE name = ANY ($1)", [specs.map(\.name)]
    ).reduce(into: [String: String]()) { $0[try $1.decode("name")] = try $1.decode("hash", as: String.self) }
    let differing = specs.filter { known[$0.name] != $0.definitionHash }.map { spec in
      "\(spec.name) (\(known[spec.name] == nil ? "unknown" : "another definition"))"
    }
    return differing.isEmpty
      ? nil
      : "planned by what the database knows, since this login may not apply the catalog; it differs in "
        + differing.joined(separator: ", ")
  }

  /// The order of the SQL functions' arguments.
  package var parameters: [(any PostgresEncodable)?] {
    [specs.map(\.name), years.years, partitions.asOf, regions.parameter, mode.rawValue]
  }

  /// Enqueues what is not skipped, in one statement.
  ///
  /// - Parameters:
  ///   - maxRunning: tasks of the backfill that may run at once, over all hosts; no limit where it is nil.
  ///   - key: under the same one, a second time adds only what is new.
  /// - Throws: `Refusal` with the queue's own words.
  package func enqueue(
    priority: Int = 0, maxRunning: Int? = nil, key: String? = nil, _ connection: PostgresConnection
  ) async throws -> EnqueuedBackfill {
    try await Refusal.translating {
      let row = try await connection.one(
        "SELECT * FROM queue.enqueue_backfill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, allow_future_vintage => $11)",
        parameters + [
          partitions.order == .newest, priority, maxRunning, key, "\(note), \(years)", partitions.allowFutureVintage,
        ])
      return EnqueuedBackfill(
        backfillID: try row.decode("backfill_id"), taskCount: try row.decode("enqueued"),
        skippedCount: try row.decode("skipped"))
    }
  }
}
