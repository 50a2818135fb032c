/// What can be configured: by a flag, then by the environment, then by `aker.yml`, then by default.
package enum Setting: String, CaseIterable, Sendable {
  case home
  case postgisDSN = "postgis_dsn"
  case readDSN = "read_dsn"
  case cachePath = "cache_path"
  case catalogPath = "catalog_path"
  case migrationsPath = "migrations_path"
  case duckdb
  case postgresBin = "postgres_bin"
  case logLevel = "log_level"
  case logFormat = "log_format"
  case regions
  case openLineageURL = "openlineage_url"
  case openLineageNamespace = "openlineage_namespace"
  case swapRowCount = "swap_row_count"
  case hostMemory = "host_memory"
  case hostThreads = "host_threads"
  case taskDisk = "task_disk"

  /// The environment's variable. A secret one is also read from the file that `<NAME>_FILE` names.
  package var environmentVariable: String { "AKER_" + rawValue.uppercased() }

  package var isSecret: Bool { self == .postgisDSN || self == .readDSN }

  /// Whether it names a file or folder: in `aker.yml`, relative to the file's own folder.
  package var isPath: Bool {
    switch self {
    case .home, .cachePath, .catalogPath, .migrationsPath, .duckdb, .postgresBin: true
    case .postgisDSN, .readDSN, .logLevel, .logFormat, .regions, .openLineageURL, .openLineageNamespace,
      .swapRowCount, .hostMemory, .hostThreads, .taskDisk:
      false
    }
  }

  package var explanation: String {
    switch self {
    case .home: "Folder of the embedded database, tools, logs and (by default) the cache."
    case .postgisDSN: "The PostGIS server, as a libpq connection string or URI. Without it, an embedded one is used."
    case .readDSN: "A server for commands that only look, such as a standby. Without it: as postgis_dsn."
    case .cachePath: "The raw cache and the data lake: a path, or s3://bucket/prefix."
    case .catalogPath: "The catalog folder: sources and dataset definitions."
    case .migrationsPath: "The folder of the database's migrations."
    case .duckdb: "The DuckDB program. Without it: .aker/tools/duckdb, the one installed with aker, then the PATH."
    case .postgresBin: "Folder of initdb and postgres, for the embedded database. Without it: the newest installed."
    case .logLevel: "trace, debug, info, notice, warning, error or critical."
    case .logFormat: "text, or json: an object in each line."
    case .regions: "Regions that are kept of datasets, where not those that their definitions list."
    case .openLineageURL: "Where lineage is told as OpenLineage events. Without it: nowhere."
    case .openLineageNamespace: "The namespace of its jobs."
    case .swapRowCount: "A year of more rows has a table of its own, swapped as a whole. Without it: as measured."
    case .hostMemory: "What all workers of a host may let DuckDB use together, such as 12GiB or 60%."
    case .hostThreads: "Threads that they may use together. Without it: as many as there are processors."
    case .taskDisk: "What DuckDB may write for one task, such as 16GiB: its result, and what memory does not hold."
    }
  }
}
