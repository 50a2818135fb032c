package import Settings
package import Logging
package import Postgres

/// Where lineage is told to others: AKER_OPENLINEAGE_URL, with AKER_OPENLINEAGE_API_KEY and AKER_OPENLINEAGE_NAMESPACE.
extension AkerConfiguration {
  /// Nil where nobody is told.
  package var openLineageURL: String? {
    values[.openLineageURL]?.text
  }

  /// - Throws: `ConfigurationError`.
  package func openLineageSender(_ database: PostgresConfiguration, logger: Logger) throws -> OpenLineageSender? {
    guard let url = openLineageURL else { return nil }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw ConfigurationError.malformedURL(variable: Setting.openLineageURL.environmentVariable)
    }
    return OpenLineageSender(
      url: url, apiKey: try secret("OPENLINEAGE_API_KEY"), database: database, scratch: localCachePath + "/tmp",
      logger: logger)
  }

  /// Names jobs and datasets as OpenLineage's naming rules have them.
  package func openLineageBuilder(_ database: PostgresConfiguration) -> OpenLineageBuilder {
    let host = database.setting("host") ?? "localhost"
    return OpenLineageBuilder(
      namespace: values[.openLineageNamespace]?.text ?? "aker",
      // A folder is a Unix socket's: the server is on this host.
      warehouse: "postgres://\(host.hasPrefix("/") ? "localhost" : host):\(database.setting("port") ?? "5432")",
      database: database.setting("dbname") ?? database.setting("user") ?? "postgres")
  }
}
