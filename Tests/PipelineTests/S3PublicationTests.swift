import Base
import Settings
import FoundationEssentials
import Glibc
import Lake
import Logging
import Pipeline
import Postgres
import Quality
import Testing
import TestSupport

extension ObjectStore {
  /// A lake in it, below `a/b`, for a host whose own files are in `directory`.
  func lake(_ directory: String, accessKey: String = ObjectStore.accessKey) throws -> any LakeStore {
    let variables = environment.merging(
      [
        "AWS_ACCESS_KEY_ID": accessKey, "AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": directory,
        "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
      ]
    ) { $1 }
    return try AkerConfiguration(environment: variables).lake()
  }
}

/// Real workers with their lake in S3.
@Suite("The lake in S3", .database)
struct S3PublicationTests {
  @Test("workers publish, die at every boundary where S3 is concerned, repair and rebuild, as on disk")
  func publishes() async throws {
    try await ObjectStore.running(bucket: "lake") { store in
      try await Simulator.running { simulator in
        try await Workshop.open(
          datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
        ) { workshop, connection in
          var workshop = workshop
          let home = workshop.directory + "/home"
          workshop.environment = store.environment.merging(
            ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": home]
          ) { $1 }
          workshop.objectLake = try store.lake(home) as? S3Lake
          let lake = workshop.lake
          #expect(lake.location == "s3://lake/a/b/data_lake")

          try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", connection)
          try await PublicationReader.watching("market_income", of: workshop) { [workshop] in
            let boundaries: [StepBoundary] = [.checked, .staged, .recorded, .committed, .placed, .markedInPlace]
            for boundary in boundaries {
              let death = try await workshop.work(["AKER_CRASH_AT": boundary.rawValue])
              if death.signal == SIGKILL { continue }
              // Nothing was left to die of: the same once more, with other bytes before.
              #expect(death.exitCode == 0, "\(death)")
              try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", mode: "all", connection)
              try await connection.execute("UPDATE lake.manifest SET sha256 = repeat('0', 64)")
              #expect(try await workshop.work(["AKER_CRASH_AT": boundary.rawValue]).signal == SIGKILL)
            }
            try await eventually(within: .seconds(120), "all tasks are completed") {
              try await workshop.work()
              return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
            }
          }
          try await workshop.work()
          try await workshop.requireExactlyOnce("market_income", partitions: 3, connection)
          let report = try await LakeRepair(lake).run(connection, removingOrphans: false, verifyingHashes: true)
          #expect(report.isClean, "\(report)")

          // Rebuilt from what is kept, and compared with what lies in S3.
          let environment = try await workshop.pipeline()
          let validations = try await Revalidation.run(dataset: "market_income", years: [2011], in: environment)
          #expect(validations.map(\.success) == [true])
          // As on a host that has fetched nothing: the documents are in the bucket, too.
          try FileManager.default.removeItem(atPath: environment.rawCache + "/objects")
          let again = try await Reproduction.run(
            dataset: "market_income", dataYear: 2011, in: environment, logger: Logger(label: "test"))
          #expect(again.isIdentical)

          let lost = try #require(try await lake.files().first)
          try await lake.remove(lost)
          let missing = try await LakeRepair(lake).run(connection, removingOrphans: false).missing
          #expect(missing.map(\.path) == [lost])
          #expect(missing.first?.command.hasPrefix("aker backfill market_income --years") == true)
          await (try environment.pool).close()
        }
      }
    }
  }
}
