internal import Fetch
internal import FoundationEssentials
internal import Postgres

extension RecordedInputs {
  /// The documents of a publication, as they lie in the raw cache.
  static func read(
    publicationID: Int64, cache: RawCache, _ connection: PostgresConnection
  ) async throws -> RecordedInputs {
    let rows = try await connection.query(
      "SELECT * FROM lineage.input WHERE publication_id = $1 AND kind = 'source' ORDER BY ordinal", [publicationID])
    let inputs = try rows.map { row in
      let sha256: String? = try row.decode("sha256")
      var input = FetchedInput(
        requestName: try row.decode("request_name"), sourceID: try row.decode("source_id"), url: try row.decode("url"),
        status: try row.decode("status"), fetchedAt: try row.decode("fetched_at"), sha256: sha256,
        byteCount: try row.decode("byte_count") ?? 0, cacheHit: true, etag: nil, lastModified: nil, contentType: nil,
        isSynthetic: try row.decode("synthetic"),
        path: sha256.map { cache.objectPath($0) })
      if let parameters: String = try row.decode("parameters") {
        input.values = try JSONDecoder().decode([String: String].self, from: Data(parameters.utf8))
      }
      return input
    }
    return RecordedInputs(inputs, cache: cache)
  }
}
