/// Where the body of a `copyIn` writes. Chunks need not end at row boundaries; 64 KiB ones cost least.
package struct PostgresCopyWriter: Sendable {
  let connection: PostgresConnection

  package func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await connection.writeCopy(bytes)
  }

  package func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

  package func write(_ text: String) async throws {
    try await write(Array(text.utf8))
  }

  /// Writes each chunk of `chunks` as it comes; the reader waits while the server is slow.
  package func write<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks) async throws where Chunks.Element == [UInt8] {
    for try await chunk in chunks { try await write(chunk) }
  }
}

extension PostgresConnection {
  func writeCopy(_ bytes: ArraySlice<UInt8>) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }
}
