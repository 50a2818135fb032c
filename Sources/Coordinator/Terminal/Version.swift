import Base
import Settings
import Engine
import Postgres

/// What `aker --version` says.
enum Version {
  static let number = "0.1.0"

  /// Without what takes a look at the host.
  static var text: String { "aker \(number) (\(BuildCommit.text))" }

  /// With the libraries and programs that decide what comes out: each with where it was found, or why it was not.
  static func full() async -> String {
    var lines = [text, "libpq \(PostgresConfiguration.libraryVersion)"]
    do {
      let configuration = try AkerConfiguration.load()
      let duckdb = try await DuckDB.locate(explicit: configuration.duckdb, home: configuration.home)
      lines.append("DuckDB \(duckdb.version) (\(duckdb.path))")
    } catch let error as any ClassifiedError {
      lines.append("DuckDB: \(error.summary)")
    } catch {
      lines.append("DuckDB: \(error)")
    }
    return lines.joined(separator: "\n")
  }
}
