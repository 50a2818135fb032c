import Postgres
import Testing
import TestSupport

/// PostGIS where an administrator put it, or where only an administrator may put it.
struct PostGISSchemaTests {
  private func withDatabase(_ name: String, _ body: (TestDatabase) async throws -> Void) async throws {
    let database = TestDatabase.named(name, on: try await TestCluster.shared)
    try await database.drop()
    let maintenance = try await database.cluster.connect()
    try await maintenance.execute("CREATE DATABASE \(name)")
    await maintenance.close()
    try await body(database)
    try await database.drop()
  }

  @Test func anySchemaWillDo() async throws {
    try await withDatabase("postgis_elsewhere") { database in
      let connection = try await database.connect()
      try await connection.executeScript("CREATE SCHEMA \"GIS stuff\"; CREATE EXTENSION postgis SCHEMA \"GIS stuff\"")
      await connection.close()
      try await Place.with(dsn: database.dsn) { place in
        for arguments in [["migrate"], ["catalog", "apply"], ["catalog", "apply"], ["doctor", "--offline"]] {
          let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
          #expect(result.exitCode == 0 || arguments == ["doctor", "--offline"], "\(arguments): \(result)")
          #expect(!result.output.contains("does not exist"), "\(arguments): \(result)")
        }
      }
      let again = try await database.connect()
      let rows = try await again.query(
        "SELECT FROM geometry_columns WHERE f_table_schema = 'public' AND f_table_name = 'boundary_county'")
      #expect(rows.count == 1)
      await again.close()
    }
  }

  @Test func whoMayNotCreateItIsGivenTheLineForWhoMay() async throws {
    try await withDatabase("postgis_missing") { database in
      let connection = try await database.connect()
      try await connection.executeScript(
        "CREATE ROLE postgis_owner LOGIN; ALTER DATABASE postgis_missing OWNER TO postgis_owner")
      await connection.close()
      let dsn = "host=\(database.cluster.directory) user=postgis_owner dbname=postgis_missing"
      try await Place.with(dsn: dsn) { place in
        let migrate = try await place.aker("migrate")
        #expect(
          migrate.exitCode == 69 && migrate.errorOutput.contains("CREATE EXTENSION postgis;")
            && migrate.errorOutput.contains("postgis_missing"), "\(migrate)")
      }
      let again = try await database.connect()
      try await again.executeScript("REASSIGN OWNED BY postgis_owner TO aker; DROP ROLE postgis_owner")
      await again.close()
    }
  }
}
