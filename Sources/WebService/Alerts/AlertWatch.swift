internal import Base
internal import FoundationEssentials
internal import Glibc
package import Logging
package import Postgres

/// The leader's look at what is wrong, in the database and where it runs itself.
package struct AlertWatch: Sendable {
  private let destinations: [String]
  /// The folder of the lake, where it is on a disk of this host.
  private let lake: String?
  private let logger: Logger

  /// Less than this is nearly full.
  private static let leastFree = 0.05

  package init(_ destinations: [AlertDestination], lake: String?, logger: Logger) {
    self.destinations = destinations.map(\.kind.rawValue)
    self.lake = lake
    self.logger = logger
  }

  /// - Throws: `PostgresError` AK007 when the term is over.
  package func look(term: Int64, _ connection: PostgresConnection) async throws {
    let ofHost = lake.flatMap(Self.fullDisk)
    let rows = try await connection.query(
      "SELECT kind, subject, change, summary FROM service.look_for_trouble($1, $2, $3::jsonb)",
      [term, destinations, JSONValue.array(ofHost.map { [$0] } ?? []).json])
    for row in rows {
      let metadata: Logger.Metadata = [
        "kind": "\(try row.decode("kind", as: String.self))",
        "subject": "\(try row.decode("subject", as: String.self))",
        "summary": "\(try row.decode("summary", as: String.self))",
      ]
      if try row.decode("change", as: String.self) == "firing" {
        logger.warning("alert", metadata: metadata)
      } else {
        logger.notice("an alert is over", metadata: metadata)
      }
    }
  }

  private static func fullDisk(_ folder: String) -> JSONValue? {
    var disk = statvfs()
    guard statvfs(folder, &disk) == 0, disk.f_blocks > 0 else { return nil }
    let free = Double(disk.f_bavail) / Double(disk.f_blocks)
    guard free < leastFree else { return nil }
    return .object([
      "kind": .string("lake_full"), "subject": .string(folder), "severity": .string("critical"),
      "holds_for": .string("0"),
      "summary": .string("the disk of the lake (\(folder)) has \(Int(free * 100)) % left"),
      "advice": .string("aker lake prune removes old vintages; aker cache prune what was fetched."),
    ])
  }
}
