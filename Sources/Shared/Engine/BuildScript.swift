package import Catalog

/// The statements that make one partition's Parquet file out of its inputs.
package enum BuildScript {
  /// A published dataset that the transform may read, as `published.<dataset>`.
  package struct Upstream: Sendable {
    package var dataset: String
    package var files: [String]
    /// Columns and their types that it has in any case, where they are known: also those that older files lack, and all
    /// of them without any file.
    package var columns: [(name: String, type: String)] = []

    package init(dataset: String, files: [String], columns: [(name: String, type: String)] = []) {
      self.dataset = dataset
      self.files = files
      self.columns = columns
    }

    /// What a published dataset has.
    package static func columns(of spec: DatasetSpec) -> [(name: String, type: String)] {
      spec.columns.map { ($0.name, $0.type.duckdbName) } + (spec.isSplit ? [("region", "VARCHAR")] : [])
        + [("data_year", "INTEGER"), ("as_of", "VARCHAR")]
    }

    var viewSQL: String {
      var parts: [String] = []
      if !files.isEmpty {
        parts.append(
          """
          SELECT * FROM read_parquet(\(SQL.list(files)), hive_partitioning = true, \
          hive_types = {'data_year': INTEGER, 'as_of': VARCHAR}, union_by_name = true)
          """)
      }
      if !columns.isEmpty {
        let none = columns.map { "CAST(NULL AS \($0.type)) AS \(SQL.identifier($0.name))" }
        parts.append("SELECT \(none.joined(separator: ", ")) WHERE false")
      }
      return "CREATE VIEW published.\(SQL.identifier(dataset)) AS \(parts.joined(separator: " UNION ALL BY NAME "));"
    }
  }

  private static let valueMacros = "value macros"

  /// The name of the transform's step, which is the file that its errors point into.
  package static let transform = "transform.sql"

  /// Creates the macros that every dataset has, and those that this one's SQL uses, each file a step of its own.
  package static func addMacros(_ script: inout EngineScript, spec: DatasetSpec) {
    addValueMacros(&script, spatial: spec.extensions.contains(.spatial), mayHaveJSON: spec.mayHaveJSON)
    for file in spec.macroNames.map(DatasetSpec.macroFile) {
      script.addMacros(file, spec.otherSQL[file] ?? "")
    }
  }

  /// Once; what a script adds later finds them there.
  /// - Parameter mayHaveJSON: whether a value may be of type JSON; where it is not known, it may.
  package static func addValueMacros(_ script: inout EngineScript, spatial: Bool, mayHaveJSON: Bool = true) {
    if script.steps.contains(where: { $0.name == valueMacros }) { return }
    script.add(valueMacros, ValueMacros.sql(mayHaveJSON: mayHaveJSON) + (spatial ? "\n" + ValueMacros.spatialSQL : ""))
  }

  /// Sets the partition's variables, and makes the inputs readable: steps `headers`, `inputs`, `counts`.
  package static func addInputs(
    _ script: inout EngineScript, views: [InputView], upstreams: [Upstream], year: Int, region: String, asOf: String
  ) {
    addValueMacros(&script, spatial: script.needsSpatial)
    let headers = views.map(\.headerSQL).filter { !$0.isEmpty }.joined(separator: "\n")
    if !headers.isEmpty { script.add("headers", headers) }
    var inputs = """
      SET VARIABLE data_year = \(year);
      SET VARIABLE region = \(SQL.literal(region));
      SET VARIABLE as_of = \(SQL.literal(asOf));
      CREATE SCHEMA raw;
      CREATE SCHEMA published;

      """
    // Published datasets first: what a request was made for may be selected from them.
    inputs += (upstreams.map(\.viewSQL) + views.map(\.viewSQL)).joined(separator: "\n")
    script.add("inputs", inputs)
    let counts = views.compactMap(\.countsSQL).joined(separator: "\n")
    if !counts.isEmpty { script.add("counts", counts) }
    let flattened = views.compactMap(\.flattenedSQL).joined(separator: "\n")
    if !flattened.isEmpty { script.add("flattened", flattened) }
    for view in views { script.readPaths += view.readPaths }
    for upstream in upstreams { script.readPaths += upstream.files }
  }

  /// Runs the transform into a Parquet file: declared columns only, in their order and type, sorted by the key.
  package static func addTransform(_ script: inout EngineScript, spec: DatasetSpec, output: String) throws {
    let columns = spec.columns.map(published).joined(separator: ", ")
    // Sorted by the key, and by all columns where there is none: the same rows give the same bytes.
    let order = spec.key.isEmpty ? "ALL" : spec.key.map { SQL.identifier($0) }.joined(separator: ", ")
    script.add(
      transform, before: "COPY (SELECT \(columns) FROM (", userSQL: spec.transformSQL,
      after: """
        ) ORDER BY \(order)) TO \(SQL.literal(output))
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE \(rowGroupSize)\(spec.hasGeometry ? geoParquet : ""),
        \(try ParquetMetadata(spec).option()));
        """)
    script.extensions = spec.extensions
    script.writePaths.append(output)
  }

  /// One column as it is published: of its type, and nothing that only looks like it.
  private static func published(_ column: DatasetColumn) -> String {
    let name = SQL.identifier(column.name)
    let checked =
      switch column.type {
      case .integer, .bigint: "published_integer(\(name), \(SQL.literal(column.name)))"
      case .double: "published_double(\(name), \(SQL.literal(column.name)))"
      case .decimal(_, let scale): "published_decimal(\(name), \(SQL.literal(column.name)), \(scale))"
      case .text: "published_text(\(name), \(SQL.literal(column.name)))"
      case .geometry: "published_geometry(CAST(\(name) AS GEOMETRY), \(SQL.literal(column.name)))"
      case .date, .timestamp: "published_moment(\(name), \(SQL.literal(column.name)))"
      case .boolean: name
      }
    return "CAST(\(checked) AS \(column.type.duckdbName)) AS \(name)"
  }

  /// As GeoParquet has it and as Parquet's own type: the latter is there, too, where no row has a shape.
  private static let geoParquet = ", GEOPARQUET_VERSION 'BOTH'"

  /// DuckDB's own default, and its unit of parallel reading; stated so that an upgrade does not change the bytes.
  static let rowGroupSize = 122_880

  /// The rows of a partition's file on standard output, with the columns of the warehouse table.
  package static func exportScript(
    spec: DatasetSpec, file: String, year: Int, region: String, asOf: String, as format: RowFormat
  ) -> EngineScript {
    var script = EngineScript()
    script.needsSpatial = spec.hasGeometry
    if format == .binary { script.extensions.insert(.postgres) }
    script.readPaths = [file]
    let rows = warehouseRows(spec: spec, file: file, year: year, region: region, asOf: asOf, as: format)
    script.add("export", "COPY (\(rows)) TO '/dev/stdout' (\(format.duckdbOptions));")
    return script
  }

  /// The same into `output` by the process that built the file, where it has at most `exportedRowLimit` rows; else
  /// `output` has none. Loading so few takes less than starting another process for them.
  package static func addExport(
    _ script: inout EngineScript, spec: DatasetSpec, file: String, year: Int, region: String, asOf: String,
    output: String
  ) {
    let rows = warehouseRows(spec: spec, file: file, year: year, region: region, asOf: asOf, as: .csv)
    let limit = "SELECT CASE WHEN count(*) <= \(exportedRowLimit) THEN count(*) ELSE 0 END FROM \(reader(file))"
    script.writePaths.append(output)
    script.add("export", "COPY (\(rows) LIMIT (\(limit))) TO \(SQL.literal(output)) (\(RowFormat.csv.duckdbOptions));")
  }

  package static let exportedRowLimit = 10_000

  private static func warehouseRows(
    spec: DatasetSpec, file: String, year: Int, region: String, asOf: String, as format: RowFormat
  ) -> String {
    let shape = format == .csv ? "ST_AsHEXWKB" : "ST_AsWKB"
    var values = ["\(year)"]
    if spec.isSplit { values.append(SQL.literal(region)) }
    values.append(SQL.literal(asOf))
    values += spec.columns.map { column in
      // As WKB, which PostGIS reads and which rounds nothing; in a text, in hex.
      column.type == .geometry ? "\(shape)(\(SQL.identifier(column.name)))" : SQL.identifier(column.name)
    }
    return "SELECT \(values.joined(separator: ", ")) FROM \(reader(file))"
  }

  private static func reader(_ file: String) -> String {
    "read_parquet(\(SQL.literal(file)), hive_partitioning = false)"
  }
}

extension DatasetSpec {
  /// Whether a value within its SQL may be of DuckDB's type JSON: raw columns are texts where they are declared, so that only
  /// functions and operators of JSON make such values.
  fileprivate var mayHaveJSON: Bool {
    requests.contains { $0.vintages.isEmpty || $0.format == .jsonDocument }
      || ([transformSQL] + otherSQL.values).contains { $0.contains("->") || $0.contains(/json/.ignoresCase()) }
  }
}
