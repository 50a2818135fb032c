internal import Base
internal import FoundationEssentials

/// The files of `migrations/` that are applied again, all of them, whenever one of them changed: functions, views and
/// grants, each in its one final form.
package struct RepeatableMigrations: Sendable, Equatable {
  package struct File: Sendable, Equatable {
    /// Relative to `migrations/`.
    package var path: String
    package var sql: String

    package init(path: String, sql: String) {
      self.path = path
      self.sql = sql
    }
  }

  /// Takes functions and views away, before the versioned files.
  package var before: File
  /// What makes them again, in order: functions, views, grants, and what others had built on them.
  package var files: [File]

  /// What the database calls them.
  static let name = "functions, views and grants"
  /// Files of `migrations/` itself that are no versioned ones.
  static let topFiles: Set<String> = ["before.sql", "grants.sql", "after.sql"]

  /// Of all texts, their names and their order.
  var checksum: String {
    SHA256.hash(([before] + files).map { "\($0.path)\n\($0.sql.utf8.count)\n\($0.sql)" }.joined())
  }

  /// - Throws: `MigrationError` for a missing or unreadable file.
  package static func read(directory: String) throws -> RepeatableMigrations {
    func file(_ path: String) throws -> File {
      guard let contents = FileManager.default.contents(atPath: directory + "/" + path) else {
        throw MigrationError.unreadable(directory + "/" + path)
      }
      return File(path: path, sql: String(decoding: contents, as: UTF8.self))
    }
    func files(in folder: String) throws -> [File] {
      guard let names = try? FileManager.default.subpathsOfDirectory(atPath: directory + "/" + folder) else {
        throw MigrationError.unreadable(directory + "/" + folder)
      }
      return try names.filter { $0.hasSuffix(".sql") }.map { folder + "/" + $0 }.sorted().map(file)
    }
    return try RepeatableMigrations(
      before: file("before.sql"),
      files: files(in: "functions") + files(in: "views") + [file("grants.sql"), file("after.sql")])
  }
}
