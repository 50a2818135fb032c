internal import FoundationEssentials
package import Postgres

/// What this program understands of the queue, as one number that it says when it registers (docs/upgrade.md).
package enum QueueContract {
  /// Raised whenever what a worker calls, or may be answered, changes in a way that an older program would not bear; and the
  /// upper end of `queue.contracts()` with it. In a debug build, `AKER_CONTRACT=<number>` makes a worker of another release,
  /// as far as the queue can tell.
  package static let number: Int = {
    #if DEBUG
    if let other = ProcessInfo.processInfo.environment["AKER_CONTRACT"].flatMap({ Int($0) }) { return other }
    #endif
    return 1
  }()

  /// To be asked before anything else: a program that is too old may call what the structure no longer has, and would take
  /// that for a structure that is too old.
  /// - Throws: `QueueError.outOfDate`, which says which of the two it is.
  package static func require(_ database: PostgresConfiguration, version: String) async throws {
    let connection = try await PostgresConnection.connect(database)
    do {
      try await QueueError.translated {
        _ = try await connection.query("SELECT queue.require_contract($1, $2)", [number, version])
      }
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }
}
