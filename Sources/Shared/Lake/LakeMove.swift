internal import Base
internal import FoundationEssentials
package import Postgres

/// Brings all files of a lake to another place, and makes that the database's lake.
package struct LakeMove: Sendable {
  private let from: any LakeStore
  private let to: any LakeStore
  /// A folder for what is on the way; made and removed by the caller.
  private let scratch: String

  package init(from: any LakeStore, to: any LakeStore, scratch: String) {
    self.from = from
    self.to = to
    self.scratch = scratch
  }

  /// May be repeated after an end at any point: files that are there already are not brought again.
  ///
  /// - Parameter progress: how many files are there, and of how many.
  /// - Returns: how many files are in the new place.
  /// - Throws: `LakeError.wrongContent` for a file that is not what was published; the old lake stays the database's.
  package func run(_ connection: PostgresConnection, progress: (Int, Int) -> Void) async throws -> Int {
    let rows = try await connection.query(
      "SELECT path, sha256, byte_count FROM lake.manifest WHERE state = 'in_place' ORDER BY path")
    for (index, row) in rows.enumerated() {
      let path: String = try row.decode("path")
      try await bring(path, sha256: row.decode("sha256"), byteCount: row.decode("byte_count"))
      progress(index + 1, rows.count)
    }
    try await LakeIdentity(to).adopt(connection)
    return rows.count
  }

  private static let staging = LakePath.staging + "/move"

  private func bring(_ path: String, sha256: String, byteCount: Int) async throws {
    if try await to.byteCount(path) == byteCount, try await to.sha256(path) == sha256 { return }
    let folder = try await to.prepareStaging(Self.staging)
    for file in [path] + LakePath.reportNames.map({ LakePath.reports(beside: path) + "/" + $0 }) {
      guard let local = try await from.localFile(file, scratch: scratch) else {
        if file == path { throw LakeError.wrongContent(path: path) }
        continue
      }
      let name = file.split(separator: "/").last.map(String.init) ?? file
      try FileCopy.make(of: local, at: folder + "/" + name)
    }
    try await to.stage(Self.staging)
    guard try await to.place(Self.staging, at: path), try await to.sha256(path) == sha256 else {
      throw LakeError.wrongContent(path: path)
    }
  }
}
