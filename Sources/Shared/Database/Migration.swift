internal import Base
internal import FoundationEssentials

/// One versioned file of `migrations/`, `NNNN_name.sql`: tables, applied once.
package struct Migration: Sendable, Equatable {
  package var version: Int
  package var name: String
  package var sql: String

  /// Its file's name.
  package var file: String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + "\(digits)_\(name).sql"
  }

  /// What the database remembers of its text.
  var checksum: String { SHA256.hash(sql) }

  /// Reads a folder's versioned migrations, in order.
  ///
  /// - Throws: `MigrationError` for a missing folder, a file named otherwise, or two of one version.
  package static func read(directory: String) throws -> [Migration] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw MigrationError.noDirectory(directory)
    }
    var migrations: [Migration] = []
    for file in names.sorted() where file.hasSuffix(".sql") && !RepeatableMigrations.topFiles.contains(file) {
      guard let match = file.wholeMatch(of: /([0-9]{4})_([a-z0-9_]+)\.sql/), let version = Int(match.1) else {
        throw MigrationError.misnamed(file)
      }
      if let previous = migrations.last, previous.version == version {
        throw MigrationError.duplicate(version, previous.name, String(match.2))
      }
      let path = directory + "/" + file
      guard let contents = FileManager.default.contents(atPath: path) else { throw MigrationError.unreadable(path) }
      migrations.append(
        Migration(version: version, name: String(match.2), sql: String(decoding: contents, as: UTF8.self)))
    }
    guard !migrations.isEmpty else { throw MigrationError.noDirectory(directory) }
    return migrations
  }
}
