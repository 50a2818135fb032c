package import FoundationEssentials
package import Postgres

/// What time it is: the database's, which everything is dated by.
package enum DatabaseClock {
  package static func now(_ session: some PostgresSession) async throws -> Date {
    try await session.one("SELECT clock_timestamp() AS at").decode("at")
  }
}
