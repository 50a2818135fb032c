import FoundationEssentials
import Postgres

/// What `aker --version` says.
enum Version {
  static let number = "0.1.0"

  static var text: String {
    "aker \(number) (Postgres client \(PostgresConfiguration.libraryVersion))"
  }
}
