import FoundationEssentials
import Testing
import TestSupport

import Postgres

/// `schema.sql` shows at one look what a change of the migrations does to the database's structure.
@Suite(.database)
struct SchemaTests {
  @Test func theStructureIsWhatSchemaSQLSays() async throws {
    let dump = try await Program.run(PackageRoot.path + "/scripts/schema-dump", [TestDatabase.current.dsn])
    try #require(dump.exitCode == 0, "\(dump)")
    let path = PackageRoot.path + "/Tests/PostgresTests/schema.sql"
    let kept = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    let (now, then) = (dump.output.split(separator: "\n"), kept.split(separator: "\n"))
    guard now.first == then.first else { return }  // another pg_dump writes the same structure in other words
    let added = now.filter { !then.contains($0) }
    let removed = then.filter { !now.contains($0) }
    #expect(added == [] && removed == [] && now == then, "make schema writes it down, if this is what was meant")
  }
}
