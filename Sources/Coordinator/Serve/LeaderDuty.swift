import Postgres

/// What only the coordinator that leads does, now and then. Whatever it writes carries the term, and is refused once that is
/// over.
struct LeaderDuty: Sendable {
  /// For the log.
  var name: String
  var interval: Duration
  var perform: @Sendable (_ term: Int64, PostgresConnection) async throws -> Void
}
