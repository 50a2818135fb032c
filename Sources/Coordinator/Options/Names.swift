import ArgumentParser
import Catalog
import Settings
import Database
import FoundationEssentials
import Postgres

/// Names and numbers that the shell completes. Asked while somebody types: nothing is started, what cannot be reached at
/// once offers nothing, and nothing is ever printed but names.
enum Names {
  static let datasets = complete { configuration, _ in
    let names = try FileManager.default.contentsOfDirectory(atPath: configuration.catalogPath + "/datasets")
    return names.filter { DatasetSpec.isIdentifier($0, limit: DatasetSpec.nameLimit) }.sorted()
  }

  static let sources = complete { configuration, _ in
    try SourceRegistry(directory: configuration.catalogPath).sources.keys.sorted()
  }

  static let flows = complete { configuration, _ in
    let file = configuration.catalogPath + "/flows.yml"
    guard let contents = FileManager.default.contents(atPath: file) else { return [] }
    return FlowDefinition.read(String(decoding: contents, as: UTF8.self), file: file).0.map(\.name).sorted()
  }

  static let backfills = complete { configuration, prefix in
    try await query(
      "SELECT backfill_id::text AS name FROM queue.backfill WHERE starts_with(backfill_id::text, $1)", prefix,
      order: "finished_at IS NOT NULL, backfill_id DESC", configuration)
  }

  /// What failed comes first: it is what one looks at.
  static let tasks = complete { configuration, prefix in
    try await query(
      """
      SELECT t.task_id::text AS name FROM queue.planned_task t
      LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final WHERE starts_with(t.task_id::text, $1)
      """, prefix, order: "o.kind = 'failed' DESC NULLS LAST, t.task_id DESC", configuration)
  }

  /// More would not be read.
  private static let mostOffered = 100
  private static let connectTimeout = Duration.seconds(2)

  private static func complete(
    _ names: @escaping @Sendable (AkerConfiguration, String) async throws -> [String]
  ) -> CompletionKind {
    .custom { (words: [String], _: Int, prefix: String) async -> [String] in
      var flags: [Setting: String] = [:]
      if let home = words.firstIndex(of: "--home"), home + 1 < words.count { flags[.home] = words[home + 1] }
      guard let configuration = try? AkerConfiguration.load(flags: flags),
        let found = try? await names(configuration, prefix)
      else { return [] }
      return found.filter { $0.hasPrefix(prefix) }
    }
  }

  private static func query(
    _ sql: String, _ prefix: String, order: String, _ configuration: AkerConfiguration
  ) async throws -> [String] {
    let database: PostgresConfiguration
    if let dsn = configuration.readDSN ?? configuration.postgisDSN {
      database = PostgresConfiguration(dsn: dsn, applicationName: "aker", connectTimeout: connectTimeout)
    } else if let running = try await configuration.embeddedCluster.running() {
      database = running
    } else {
      return []
    }
    var any = database
    any.access = .any
    let connection = try await PostgresConnection.connect(any)
    let rows = try await connection.query("\(sql) ORDER BY \(order) LIMIT \(mostOffered)", [prefix])
    await connection.close()
    return try rows.map { try $0.decode("name") }
  }
}
