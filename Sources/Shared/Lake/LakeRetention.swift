package import Postgres

/// Removes old vintages from the lake, as far as a dataset does not keep them.
package struct LakeRetention: Sendable {
  package struct Expired: Sendable, Equatable {
    package var path: String
    package var byteCount: Int
  }

  private let lake: any LakeStore

  package init(_ lake: any LakeStore) {
    self.lake = lake
  }

  /// - Parameters:
  ///   - keptCount: vintages of each partition that stay, newest first, besides the one that the warehouse shows.
  ///   - isDryRun: only looks.
  /// - Returns: the files that went, or would.
  package func prune(
    dataset: String, keptCount: Int, isDryRun: Bool, _ connection: PostgresConnection
  ) async throws -> [Expired] {
    let rows = try await connection.query(
      "SELECT * FROM lake.expired_vintages($1, $2)", [dataset, keptCount])
    var gone: [Expired] = []
    for row in rows {
      let file = Expired(path: try row.decode("path"), byteCount: try row.decode("byte_count"))
      if !isDryRun {
        let forgotten = try await connection.query(
          "SELECT lake.forget_file($1) AS was_there", [try row.decode("publication_id", as: Int64.self)])
        guard try forgotten[0].decode("was_there") else { continue }
        try await lake.remove(file.path)
      }
      gone.append(file)
    }
    return gone
  }
}
