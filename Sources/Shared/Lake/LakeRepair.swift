package import Postgres

/// Brings the lake's files in line with its manifest, after crashes. Safe at any time, from any number of hosts; of the lake
/// that `LakeIdentity` knows to be the database's.
package struct LakeRepair: Sendable {
  package struct Report: Sendable, Equatable {
    /// Files that got their name, whose worker had died between commit and rename.
    package var finished: [String] = []
    /// Partitions whose file is lost, with the command that rebuilds them.
    package var missing: [Missing] = []
    /// Staging folders, tables and incomplete uploads of attempts that are gone, removed.
    package var removed: [String] = []
    /// Files and incomplete uploads that no manifest row names: removed when asked to, otherwise only reported.
    package var orphans: [String] = []
    /// Those of `orphans` that lie where a partition's file does: published, as far as they tell, in a history of the
    /// database that is not this one's (a fail-over to a standby that lagged, a restore).
    package var unknown: [Missing] = []
    /// What could not be looked for, and why.
    package var notes: [String] = []

    package init() {}

    package var isClean: Bool { finished.isEmpty && missing.isEmpty && removed.isEmpty && orphans.isEmpty }
  }

  package struct Missing: Sendable, Equatable {
    package var path: String
    package var dataset: String
    package var year: Int
    package var region: String
    package var asOf: String
    package var command: String
    /// The task of an open backfill that builds it again without anybody.
    package var taskID: Int64?

    package var advice: String {
      taskID.map { "task \($0) builds it again" } ?? "rebuild it: \(command)"
    }
  }

  let lake: any LakeStore
  let changesNothing: Bool

  /// - Parameter changesNothing: only tells what it would do.
  package init(_ lake: any LakeStore, changesNothing: Bool = false) {
    self.lake = lake
    self.changesNothing = changesNothing
  }

  /// Finishes what was committed: cheap, and what every worker runs at its start.
  package func finishCommitted(_ connection: PostgresConnection) async throws -> Report {
    var report = Report()
    let rows = try await connection.query(
      """
      SELECT publication_id, path, staged_path, sha256, dataset, data_year, region, as_of FROM lake.manifest
      WHERE state = 'committed' ORDER BY committed_at
      """)
    for row in rows {
      let path: String = try row.decode("path")
      let staging = LakePath.folder(of: try row.decode("staged_path"))
      let publication: Int64 = try row.decode("publication_id")
      if changesNothing {
        report.finished.append(path)
        continue
      }
      if try await lake.place(staging, at: path) {
        report.finished.append(path)
      } else if try await !isPublished(path, sha256: row.decode("sha256")) {
        // Its own worker may have placed it since we read the row, and the row says so by now.
        let isStill = try await connection.query(
          "SELECT FROM lake.manifest WHERE publication_id = $1 AND state = 'committed'", [publication])
        if isStill.isEmpty { continue }
        let marked = try await connection.query("SELECT lake.mark_in_place($1, false) AS marked", [publication])
        // Its attempt still lives, and says so itself.
        guard try marked.first?.decode("marked", as: Bool?.self) == true else { continue }
        report.missing.append(try await missing(row, connection))
        continue
      }
      try await connection.execute("SELECT lake.mark_in_place($1, true)", [publication])
    }
    return report
  }

  /// Everything: finishes, removes what dead attempts left, and compares all files with the manifest.
  package func run(
    _ connection: PostgresConnection, removingOrphans: Bool, verifyingHashes: Bool = false
  ) async throws -> Report {
    var report = try await finishCommitted(connection)
    report.removed += try await removeAbandoned(connection)

    let isNewLife = try await hasNewLife(connection)
    let verifyingHashes = verifyingHashes || isNewLife
    var known: Set<String> = []
    let rows = try await connection.query(
      """
      SELECT publication_id, path, sha256, byte_count, dataset, data_year, region, as_of, state FROM lake.manifest
      ORDER BY path
      """)
    for row in rows {
      let path: String = try row.decode("path")
      known.insert(path)
      if try row.decode("state", as: String.self) == "committed" { continue }
      var isThere = try await lake.byteCount(path) == row.decode("byte_count", as: Int.self)
      if isThere && verifyingHashes { isThere = try await isPublished(path, sha256: row.decode("sha256")) }
      if !isThere {
        report.missing.append(try await missing(row, connection))
        if changesNothing { continue }
        try await connection.execute(
          "SELECT lake.mark_in_place($1, false)", [try row.decode("publication_id", as: Int64.self)])
      } else if try !changesNothing && row.decode("state", as: String.self) == "missing" {
        try await connection.execute(
          "SELECT lake.mark_in_place($1, true)", [try row.decode("publication_id", as: Int64.self)])
      }
    }
    report.orphans = try await lake.files().filter { !known.contains($0) }
    for path in report.orphans {
      guard let place = LakePath.place(ofFile: path) else { continue }
      report.unknown.append(
        try await missing(
          path, dataset: place.dataset, year: place.dataYear, region: place.region, asOf: place.asOf, connection))
    }
    if removingOrphans && !changesNothing {
      for path in report.orphans { try await lake.remove(path) }
    }
    try await abortUploads(connection, removingOrphans: removingOrphans, &report)
    return report
  }

  /// Staging folders and tables whose attempt holds no lease and committed nothing.
  package func removeAbandoned(_ connection: PostgresConnection) async throws -> [String] {
    var removed: [String] = []
    // Listed before the database is asked: an attempt takes its lease before it makes its folder.
    let names = try await lake.stagingNames()
    if !names.isEmpty {
      let live = try await connection.query("SELECT name FROM lake.live_staging($1) AS name", [names])
      let kept = Set(try live.map { try $0.decode("name", as: String.self) })
      for name in names where !kept.contains(name) {
        if !changesNothing { try await lake.removeStaging(LakePath.staging + "/" + name) }
        removed.append(LakePath.staging + "/" + name)
      }
    }
    let tables =
      changesNothing
      ? "SELECT table_name AS name FROM warehouse.orphans" : "SELECT name FROM warehouse.drop_orphans() AS name"
    for row in try await connection.query(tables) {
      removed.append("warehouse." + (try row.decode("name", as: String.self)))
    }
    return removed
  }

  private func isPublished(_ path: String, sha256: String) async throws -> Bool {
    try await lake.sha256(path) == sha256
  }

  /// On the day after a fail-over or a restore a file may be that of a publication which was lost, and be as long.
  private func hasNewLife(_ connection: PostgresConnection) async throws -> Bool {
    try await !connection.query(
      "SELECT FROM queue.life WHERE message IS NOT NULL AND began_at > now() - interval '1 day'"
    ).isEmpty
  }

  private func missing(_ row: PostgresRow, _ connection: PostgresConnection) async throws -> Missing {
    try await missing(
      row.decode("path"), dataset: row.decode("dataset"), year: row.decode("data_year"), region: row.decode("region"),
      asOf: row.decode("as_of"), connection)
  }

  private func missing(
    _ path: String, dataset: String, year: Int, region: String, asOf: String, _ connection: PostgresConnection
  ) async throws -> Missing {
    let builders = try await connection.query(
      "SELECT lake.builder_of($1, $2, $3, $4) AS task_id", [dataset, year, region, asOf])
    let split = region.isEmpty ? "" : " --regions \(region)"
    return Missing(
      path: path, dataset: dataset, year: year, region: region, asOf: asOf,
      command: "aker backfill \(dataset) --years \(year)\(split) --as-of \(asOf) --force",
      taskID: try builders.first?.decode("task_id"))
  }
}
