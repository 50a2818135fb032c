package import Settings
package import Postgres

/// Which database is meant: decided here, for every program and command.
extension AkerConfiguration {
  /// The server that is used where no other is named: below `home`.
  package var embeddedCluster: EmbeddedCluster {
    var search = ["PATH": environment["PATH"] ?? ""]
    if values[.postgresBin]?.text != nil { search["AKER_POSTGRES_BIN"] = path(.postgresBin) }
    return EmbeddedCluster(directory: home + "/postgres", binaries: PostgresBinaries.find(environment: search))
  }

  /// The configured database, or the embedded one, which is started if need be.
  /// - Throws: `EmbeddedClusterError`.
  package func database(applicationName: String) async throws -> PostgresConfiguration {
    if let named = named(applicationName) { return named }
    return try await embeddedCluster.start()
  }

  /// Whether a database is named, or the embedded one was ever made.
  package var hasDatabase: Bool { postgisDSN != nil || embeddedCluster.exists(embeddedCluster.data) }

  /// The configured database, or the embedded one if it runs. Starts nothing.
  package func databaseIfRunning(applicationName: String) async throws -> PostgresConfiguration? {
    if let named = named(applicationName) { return named }
    return try await embeddedCluster.running()
  }

  private func named(_ applicationName: String) -> PostgresConfiguration? {
    postgisDSN.map { PostgresConfiguration(dsn: $0, applicationName: applicationName) }
  }
}
