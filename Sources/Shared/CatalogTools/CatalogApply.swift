package import Catalog
internal import FoundationEssentials
package import Postgres

/// Makes the database know the declared datasets: definitions by hash, and warehouse tables that fit them.
package struct CatalogApply: Sendable {
  package init() {}

  package struct Outcome: Sendable, Equatable {
    package var dataset: String
    package var definitionHash: String
    package var isNew: Bool
    /// Tasks of open backfills that had another definition: those that wait are built by this one from now on, those that
    /// run end by theirs.
    package var waitingTasks: Int
    package var runningTasks: Int
    /// What was done to the warehouse table, one line each.
    package var actions: [String]
  }

  private struct Declaration: Encodable {
    let name: String
    let definition_hash: String
    let dataset_yml: String
    let transform_sql: String
    let rows_sql: [String: String]
    let title: String
    let description: String
    let owner: String
    let first_year: Int
    let last_year: Int?
    let is_split: Bool
    let regions: [String]
    let region_pattern: String?
    let source_ids: [String]
    let primary_source_id: String?
    let depends_on: [String]
    let columns: [Column]
    let review: DatasetReview?

    struct Column: Encodable {
      let ordinal: Int
      let name: String
      let type: String
      let unit: String?
      let description: String
      let is_key: Bool
      let sources: [String]
    }
  }

  /// Applies one dataset, all or nothing. Idempotent.
  /// - Throws: `CatalogError.nameTaken`; `CatalogError.incompatibleTable`, with the SQL to run, where adding columns is not enough.
  package func apply(_ spec: DatasetSpec, _ connection: PostgresConnection) async throws -> Outcome {
    let hash = spec.definitionHash
    let declaration = try json(spec, hash)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let indexes = String(decoding: try encoder.encode(spec.indexes), as: UTF8.self)
    try await requireOwn(spec, connection)
    try await requireCompatible(spec, connection)
    return try await alone(connection) { connection in
      let known = try connection.query("SELECT FROM catalog.dataset WHERE definition_hash = $1", [hash])
      if let id = spec.selfSourceID { try connection.execute("SELECT queue.configure_source($1, 1)", [id]) }
      _ = try connection.query("SELECT catalog.apply_dataset($1::jsonb)", [declaration])
      let rows = try connection.query(
        "SELECT action FROM warehouse.apply_table($1, $2, $3::jsonb) AS action", [spec.name, spec.key, indexes])
      if spec.review != nil { try connection.execute("SELECT review.apply_view($1)", [spec.name]) }
      // Last, since it takes locks that publications take after those of tables.
      let open = try connection.query("SELECT waiting, running FROM queue.follow_definition($1)", [spec.name])
      return Outcome(
        dataset: spec.name, definitionHash: hash, isNew: known.isEmpty, waitingTasks: try open[0].decode("waiting"),
        runningTasks: try open[0].decode("running"),
        actions: try rows.map { try $0.decode("action") })
    }
  }

  /// Creates or replaces the views whose tables are all there.
  ///
  /// - Returns: why others wait, one line each.
  package func applyViews(_ views: [CatalogView], _ connection: PostgresConnection) async throws -> [String] {
    var waiting: [String] = []
    for view in views {
      let rows = try await alone(connection) { connection in
        try connection.query(
          "SELECT catalog.apply_view($1, $2, $3) AS reason", [view.name, view.query, view.description])
      }
      if let reason = try PostgresRow.only(rows).text("reason") { waiting.append(reason) }
    }
    return waiting
  }

  /// Stores the source registry, which workers read from the database.
  package func applySources(directory: String, _ connection: PostgresConnection) async throws {
    var files: [String] = []
    var texts: [String] = []
    for file in ["sources.yml", "sources_supplement.yml"] {
      guard let contents = FileManager.default.contents(atPath: directory + "/" + file) else { continue }
      files.append(file)
      texts.append(String(decoding: contents, as: UTF8.self))
    }
    // Read before it is stored: what workers cannot read must not reach them.
    let registry = try SourceRegistry(directory: directory)
    try await alone(connection) { [files, texts] connection in
      try connection.execute("SELECT catalog.apply_sources($1, $2)", [files, texts])
      // Their limits are the queue's, which keeps them for all hosts.
      for source in registry.sources.values.sorted(by: { $0.id < $1.id }) {
        let limit = source.rateLimit
        try connection.execute(
          "SELECT queue.configure_source($1, $2, $3, $4, $5)",
          [source.id, limit.concurrency, limit.requestsPerSecond, limit.burst.map(Double.init), limit.perDay])
      }
    }
  }

  /// A transaction that waits for others who apply the catalog: two operators may start a backfill at once.
  private func alone<Result: Sendable>(
    _ connection: PostgresConnection, _ body: @Sendable (isolated PostgresConnection) throws -> Result
  ) async throws -> Result {
    try await connection.transaction { connection in
      try connection.execute("SELECT catalog.lock_apply()")
      return try body(connection)
    }
  }

  private func json(_ spec: DatasetSpec, _ hash: String) throws -> String {
    let declaration = Declaration(
      name: spec.name, definition_hash: hash, dataset_yml: spec.datasetYAML, transform_sql: spec.transformSQL,
      rows_sql: spec.otherSQL,
      title: spec.title, description: spec.description, owner: spec.owner, first_year: spec.firstYear,
      last_year: spec.lastYear, is_split: spec.isSplit, regions: spec.regions,
      region_pattern: spec.otherRegionsPattern, source_ids: spec.sourceIDs + [spec.selfSourceID].compactMap { $0 },
      primary_source_id: spec.sourceIDs.first, depends_on: spec.dependsOn,
      columns: spec.columns.enumerated().map { index, column in
        Declaration.Column(
          ordinal: index + 1, name: column.name, type: column.type.description, unit: column.unit,
          description: column.description, is_key: spec.key.contains(column.name), sources: column.sources)
      }, review: spec.review)
    return String(decoding: try JSONEncoder().encode(declaration), as: UTF8.self)
  }

  /// What has a dataset's name and is not its table must not be changed, nor its dropping be advised: tables of extensions,
  /// views, and what others made. Ours are divided by their year.
  private func requireOwn(_ spec: DatasetSpec, _ connection: PostgresConnection) async throws {
    let rows = try await connection.query(
      """
      SELECT CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'S' THEN 'a sequence'
          WHEN 'i' THEN 'an index' WHEN 'f' THEN 'a foreign table' ELSE 'a table' END
        || coalesce(' of the extension ' || e.extname, ' that is not ours') AS what
      FROM pg_class c
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      LEFT JOIN pg_extension e ON e.oid = d.refobjid
      WHERE c.oid = to_regclass('public.' || quote_ident($1))
        AND (e.oid IS NOT NULL OR c.relkind <> 'p' OR pg_get_partkeydef(c.oid) <> 'LIST (data_year)')
      """, [spec.name])
    if let row = rows.first {
      throw CatalogError.nameTaken(dataset: spec.name, by: try row.decode("what"))
    }
  }

  /// Compares the table that is there with the one that is declared.
  private func requireCompatible(_ spec: DatasetSpec, _ connection: PostgresConnection) async throws {
    let rows = try await connection.query(
      """
      SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, coalesce(k.n, 0) AS key_position
      FROM pg_attribute a
      LEFT JOIN pg_constraint c ON c.conrelid = a.attrelid AND c.contype = 'p'
      LEFT JOIN LATERAL (SELECT n FROM unnest(c.conkey) WITH ORDINALITY AS u (attnum, n) WHERE u.attnum = a.attnum) k ON true
      WHERE a.attrelid = to_regclass('public.' || quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum
      """, [spec.name])
    if rows.isEmpty { return }
    var changes: [String] = []
    var sql: [String] = []
    var types: [String: String] = [:]
    var key: [(position: Int, name: String)] = []
    for row in rows {
      let name: String = try row.decode("name")
      types[name] = try row.decode("type")
      let position: Int = try row.decode("key_position")
      if position > 0 { key.append((position, name)) }
    }
    let table = "public.\"\(spec.name)\""
    for column in spec.columns {
      guard let type = types[column.name] else { continue }
      if type.replacing("public.", with: "") != column.type.postgresName {
        changes.append("column \(column.name) is \(type), and declared as \(column.type)")
        sql.append("ALTER TABLE \(table) ALTER COLUMN \"\(column.name)\" TYPE \(column.type.postgresName);")
      }
    }
    let expected = ["data_year", "as_of"] + (spec.isSplit ? ["region"] : []) + spec.columns.map(\.name)
    for name in types.keys.sorted() where !expected.contains(name) {
      changes.append("column \(name) is not declared any more")
      sql.append("ALTER TABLE \(table) DROP COLUMN \"\(name)\";")
    }
    let declaredKey = spec.key.isEmpty ? [] : (spec.isSplit ? ["region", "data_year"] : ["data_year"]) + spec.key
    let currentKey = key.sorted { $0.position < $1.position }.map(\.name)
    if currentKey != declaredKey || (types["region"] != nil && spec.column("region") == nil) != spec.isSplit {
      changes.append(
        "the key is (\(currentKey.joined(separator: ", "))), and declared (\(declaredKey.joined(separator: ", ")))")
      sql.append(
        "BEGIN; DROP TABLE \(table); DELETE FROM warehouse.partition WHERE dataset = '\(spec.name)'; COMMIT; "
          + "-- then: aker backfill \(spec.name) --years \(spec.firstYear)-\(spec.lastYear.map(String.init) ?? "") --force"
      )
    }
    if !changes.isEmpty {
      throw CatalogError.incompatibleTable(dataset: spec.name, changes: changes, sql: sql)
    }
  }
}
