internal import Database
package import Postgres
package import Testing

/// A migrated database of a test's own: `@Test(.database)`, then `TestDatabase.current`.
package struct TestDatabase: Sendable {
  package let cluster: TestCluster
  package let name: String

  /// The running test's database. Only inside a test that has the trait.
  package static var current: TestDatabase {
    guard let scoped else { preconditionFailure("the test lacks the trait .database") }
    return scoped
  }
  @TaskLocal static var scoped: TestDatabase?

  /// As the database's owner: a superuser, or what a managed server gives (`ManagedServer`).
  package var configuration: PostgresConfiguration {
    cluster.configuration(database: name, user: ManagedServer.isPlayed ? ManagedServer.owner : "aker")
  }
  package var dsn: String { configuration.dsn }

  package func connect() async throws -> PostgresConnection {
    try await PostgresConnection.connect(configuration)
  }

  /// As the server's superuser, whoever owns the database: for what a test does to its surroundings, and for playing roles.
  package func connectAsSuperuser(playing role: String? = nil) async throws -> PostgresConnection {
    let connection = try await cluster.connect(database: name)
    if let role { try await connection.execute("SET ROLE \(role)") }
    return connection
  }

  /// One that a test makes itself.
  package static func named(_ name: String, on cluster: TestCluster) -> TestDatabase {
    TestDatabase(cluster: cluster, name: name)
  }

  /// A copy of the migrated template on `cluster`.
  package static func create(on cluster: TestCluster, name: String) async throws -> TestDatabase {
    let connection = try await cluster.connect()
    try await connection.execute(
      "CREATE DATABASE \"\(name)\" TEMPLATE aker_template STRATEGY file_copy"
        + (ManagedServer.isPlayed ? " OWNER \(ManagedServer.owner)" : ""))
    try await connection.executeScript(HostileSettings.script(database: name))
    await connection.close()
    return TestDatabase(cluster: cluster, name: name)
  }

  package func drop() async throws {
    let connection = try await cluster.connect()
    try await connection.execute("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
    await connection.close()
  }

  /// Makes the template that `create` copies: PostGIS and all migrations.
  package static func makeTemplate(on cluster: TestCluster) async throws {
    let connection = try await cluster.connect()
    // Where a server follows, it may be asked first: its answer is to know the database, and not that there is none.
    try await connection.execute("SET synchronous_commit = remote_apply")
    if ManagedServer.isPlayed {
      try await ManagedServer.prepare(cluster)
      try await connection.execute("ALTER DATABASE aker RENAME TO aker_template")
    } else {
      try await connection.execute("CREATE DATABASE aker_template")
    }
    try await connection.executeScript(HostileSettings.script(database: "aker_template"))
    await connection.close()
    let template = try await TestDatabase(cluster: cluster, name: "aker_template").connect()
    _ = try await Migrator(directory: PackageRoot.migrations, akerVersion: "0.1.0").migrate(template)
    await template.close()
  }
}

/// Gives a test a database of its own, and drops it afterwards. A few run at a time: Swift Testing would start all at
/// once.
package struct DatabaseTrait: TestTrait, SuiteTrait, TestScoping {
  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }  // a suite: its tests get theirs
    try await Self.turns.withTurn {
      let cluster = try await Self.sharedWithTemplate.value
      let database = try await TestDatabase.create(on: cluster, name: "test_\(Self.numbers.next())")
      do {
        try await TestDatabase.$scoped.withValue(database) { try await function() }
      } catch {
        try await database.drop()
        throw error
      }
      try await database.drop()
    }
  }

  /// More would only make each slower on the two cores that CI has.
  private static let turns = Turns(count: 4)
  private static let numbers = Numbers()
  private static let sharedWithTemplate = Task {
    let cluster = try await TestCluster.shared
    try await TestDatabase.makeTemplate(on: cluster)
    return cluster
  }
}

extension Trait where Self == DatabaseTrait {
  /// A migrated PostGIS database of the test's own.
  package static var database: Self { Self() }
}
