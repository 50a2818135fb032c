internal import Catalog
internal import Engine
internal import Lake
internal import Lineage
internal import Postgres

/// Compares a built partition with the one it follows, row by row and cell by cell.
struct ChangeMeasurement {
  let engine: Engine
  let lake: any LakeStore

  private struct Counts: Decodable {
    let rows_added: Int
    let rows_removed: Int
    let rows_changed: Int
    let cells_changed: Int
  }

  private struct Column: Decodable {
    let column_name: String
  }

  /// Nil where there is nothing to compare with: no earlier partition, no key, or its file is not to be had.
  func measure(_ built: BuiltPartition, _ connection: PostgresConnection) async throws -> MeasuredChange? {
    guard !built.spec.key.isEmpty else { return nil }
    let partition = built.partition
    let rows = try await connection.query(
      """
      SELECT path, as_of, sha256, row_count FROM lake.manifest
      WHERE dataset = $1 AND data_year = $2 AND region = $3 AND as_of <= $4 ORDER BY as_of DESC LIMIT 1
      """, [partition.dataset, partition.dataYear, partition.region, partition.asOf])
    guard let row = rows.first else { return nil }
    let asOf: String = try row.decode("as_of")
    if try row.decode("sha256", as: String.self) == built.sha256 {
      return MeasuredChange(againstAsOf: asOf, rowsAdded: 0, rowsRemoved: 0, rowsChanged: 0, cellsChanged: 0)
    }
    let folder = built.localFile.prefix(upTo: built.localFile.lastIndex(of: "/") ?? built.localFile.endIndex)
    let previous: String
    do {
      previous = try await lake.publishedFile(row.decode("path"), sha256: row.decode("sha256"), scratch: String(folder))
    } catch is LakeFileError {
      return nil
    }

    // Columns that only one of them has are not a change of any cell.
    var describe = EngineScript()
    describe.readPaths = [previous]
    describe.needsSpatial = built.spec.hasGeometry
    describe.add("columns", "DESCRIBE SELECT * FROM read_parquet(\(SQL.literal(previous)), hive_partitioning = false);")
    let before = Set(try await engine.run(describe).rows("columns", as: Column.self).map(\.column_name))
    guard before.isSuperset(of: built.spec.key) else { return nil }
    let compared = built.spec.columns.map(\.name).filter { before.contains($0) && !built.spec.key.contains($0) }

    var script = EngineScript()
    script.readPaths = [previous, built.localFile]
    script.needsSpatial = built.spec.hasGeometry
    script.add("change", sql(built, previous: previous, compared: compared))
    guard let counts = try await engine.run(script).rows("change", as: Counts.self).first else { return nil }
    return MeasuredChange(
      againstAsOf: asOf, rowsAdded: counts.rows_added, rowsRemoved: counts.rows_removed,
      rowsChanged: counts.rows_changed, cellsChanged: counts.cells_changed)
  }

  private func sql(_ built: BuiltPartition, previous: String, compared: [String]) -> String {
    let key = built.spec.key.map { SQL.identifier($0) }
    let join = key.map { "n.\($0) IS NOT DISTINCT FROM o.\($0)" }.joined(separator: " AND ")
    let cells = compared.map { name in
      let column = SQL.identifier(name)
      return "CAST(n.\(column) IS DISTINCT FROM o.\(column) AS INTEGER)"
    }
    let changed = cells.isEmpty ? "0" : cells.joined(separator: " + ")
    let both = "n.is_there AND o.is_there"
    func source(_ path: String) -> String {
      "(SELECT *, true AS is_there FROM read_parquet(\(SQL.literal(path)), hive_partitioning = false))"
    }
    return """
      SELECT count(*) FILTER (WHERE o.is_there IS NULL) AS rows_added,
        count(*) FILTER (WHERE n.is_there IS NULL) AS rows_removed,
        count(*) FILTER (WHERE \(both) AND \(changed) > 0) AS rows_changed,
        CAST(coalesce(sum(\(changed)) FILTER (WHERE \(both)), 0) AS BIGINT) AS cells_changed
      FROM \(source(built.localFile)) AS n FULL JOIN \(source(previous)) AS o ON \(join);
      """
  }
}
