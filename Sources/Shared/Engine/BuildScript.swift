package import Catalog

/// The statements that make one partition's Parquet file out of its inputs.
package enum BuildScript {
  /// A published dataset that the transform may read, as `published.<dataset>`.
  package struct Upstream: Sendable {
    package var dataset: String
    package var files: [String]

    package init(dataset: String, files: [String]) {
      self.dataset = dataset
      self.files = files
    }
  }

  /// The name of the transform's step, which is the file that its errors point into.
  package static let transform = "transform.sql"

  /// Sets the partition's variables, and makes the inputs readable: steps `headers`, `inputs`, `retyped`.
  package static func addInputs(
    _ script: inout EngineScript, views: [InputView], upstreams: [Upstream], year: Int, region: String, asOf: String
  ) {
    let headers = views.map(\.headerSQL).filter { !$0.isEmpty }.joined(separator: "\n")
    if !headers.isEmpty { script.add("headers", headers) }
    var inputs = """
      SET VARIABLE data_year = \(year);
      SET VARIABLE region = \(SQL.literal(region));
      SET VARIABLE as_of = \(SQL.literal(asOf));
      CREATE SCHEMA raw;
      CREATE SCHEMA published;

      """
    inputs += views.map(\.viewSQL).joined(separator: "\n")
    for upstream in upstreams {
      inputs += "\nCREATE VIEW published.\(SQL.identifier(upstream.dataset)) AS "
      inputs += "SELECT * FROM read_parquet(\(SQL.list(upstream.files)), hive_partitioning = true, "
      inputs += "hive_types = {'data_year': INTEGER, 'as_of': VARCHAR}, union_by_name = true);"
    }
    script.add("inputs", inputs)
    let retyped = views.compactMap(\.retypedSQL).joined(separator: "\n")
    if !retyped.isEmpty { script.add("retyped", retyped) }
    for view in views { script.allowedPaths += view.files }
    for upstream in upstreams { script.allowedPaths += upstream.files }
  }

  /// Runs the transform into a Parquet file: declared columns only, in their order and type, sorted by the key.
  package static func addTransform(_ script: inout EngineScript, spec: DatasetSpec, output: String) {
    let columns = spec.columns.map { column in
      "CAST(\(SQL.identifier(column.name)) AS \(column.type.duckdbName)) AS \(SQL.identifier(column.name))"
    }.joined(separator: ", ")
    // Sorted by the key, and by all columns where there is none: the same rows give the same bytes.
    let order = spec.key.isEmpty ? "ALL" : spec.key.map { SQL.identifier($0) }.joined(separator: ", ")
    script.add(
      transform, before: "COPY (SELECT \(columns) FROM (", userSQL: spec.transformSQL,
      after: """
        ) ORDER BY \(order)) TO \(SQL.literal(output))
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE \(rowGroupSize));
        """)
    script.needsSpatial = spec.hasGeometry
  }

  /// DuckDB's own default, and its unit of parallel reading; stated so that an upgrade does not change the bytes.
  static let rowGroupSize = 122_880

  /// The rows of a partition's file as CSV on standard output, with the columns of the warehouse table.
  package static func exportScript(
    spec: DatasetSpec, file: String, year: Int, region: String, asOf: String, columns: [DatasetColumn]
  ) -> EngineScript {
    var script = EngineScript()
    script.needsSpatial = spec.hasGeometry
    script.allowedPaths = [file]
    var values = ["\(year)"]
    if spec.isSplit { values.append(SQL.literal(region)) }
    values.append(SQL.literal(asOf))
    values += columns.map { column in
      // As WKB in hex, which PostGIS reads and which rounds nothing.
      column.type == .geometry ? "ST_AsHEXWKB(\(SQL.identifier(column.name)))" : SQL.identifier(column.name)
    }
    script.add(
      "export",
      """
      COPY (SELECT \(values.joined(separator: ", ")) FROM read_parquet(\(SQL.literal(file)), hive_partitioning = false))
      TO '/dev/stdout' (FORMAT csv, HEADER false);
      """)
    return script
  }
}
