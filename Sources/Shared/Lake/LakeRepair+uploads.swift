package import Postgres

extension LakeRepair {
  /// Aborts the uploads of attempts that are over; where nobody could tell whose one is, only when asked to.
  package func abortUploads(
    _ connection: PostgresConnection, removingOrphans: Bool = false, _ report: inout Report
  ) async throws {
    // Listed before the database is asked: an attempt takes its lease before it sends anything, and commits before it
    // gives its file the partition's name.
    let uploads: [UnfinishedUpload]
    do {
      uploads = try await lake.unfinishedUploads()
    } catch let error as LakeError where error.isRefusal {
      report.notes.append(
        "Uploads that killed workers left are not looked for, and cost money: \(error.summary). Allow it "
          + "(s3:ListBucketMultipartUploads, s3:AbortMultipartUpload), or have the bucket abort them after a day.")
      return
    }
    guard !uploads.isEmpty else { return }
    let names = uploads.compactMap { LakePath.stagingName($0.path) }
    let live = Set(
      try await connection.query("SELECT name FROM lake.live_staging($1) AS name", [names]).map {
        try $0.decode("name", as: String.self)
      })
    var isPlacing: [String: Bool] = [:]
    let rows = try await connection.query(
      "SELECT path, state = 'committed' AS is_placing FROM lake.manifest WHERE path = ANY ($1)",
      [uploads.map(\.path)])
    for row in rows { isPlacing[try row.decode("path")] = try row.decode("is_placing", as: Bool.self) }

    for upload in uploads {
      if let name = LakePath.stagingName(upload.path) {
        if live.contains(name) { continue }
      } else if let isPlacing = isPlacing[upload.path] {
        if isPlacing { continue }
      } else {
        report.orphans.append(upload.path + Self.uploadMark)
        if removingOrphans && !changesNothing { try await lake.abort(upload) }
        continue
      }
      if !changesNothing { try await lake.abort(upload) }
      report.removed.append(upload.path + Self.uploadMark)
    }
  }

  private static let uploadMark = " (incomplete upload)"
}
