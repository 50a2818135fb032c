internal import CLibpq

/// One row of a result. Cells are decoded when asked for.
package struct PostgresRow: Sendable {
  let result: PostgresResult
  let index: Int32

  /// The columns' names, in order.
  package var columns: [String] {
    (0..<PQnfields(result.handle)).compactMap { PQfname(result.handle, $0).map { String(cString: $0) } }
  }

  /// The cell as the server printed it; nil for NULL.
  package func text(_ column: Int) -> String? {
    let column = Int32(column)
    guard PQgetisnull(result.handle, index, column) == 0 else { return nil }
    let start = UnsafeRawPointer(PQgetvalue(result.handle, index, column)!)
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result.handle, index, column)))
    return String(decoding: bytes, as: UTF8.self)
  }

  package func text(_ column: String) throws -> String? {
    text(try position(column))
  }

  /// - Throws: `PostgresError` of kind `decoding` for an unknown column, NULL, or a value of another type.
  package func decode<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
    guard let value = try decode(column, as: Value?.self) else {
      throw PostgresError(.decoding, "column \(column) is NULL where a value was expected")
    }
    return value
  }

  package func decode<Value: PostgresDecodable>(
    _ column: String, as type: Value?.Type = Value?.self
  ) throws -> Value? {
    guard let text = text(try position(column)) else { return nil }
    do {
      return try Value(postgresText: text)
    } catch let error as PostgresError {
      throw PostgresError(.decoding, "column \(column): \(error.message)")
    }
  }

  private func position(_ column: String) throws -> Int {
    guard let position = result.columnPositions[column] else {
      throw PostgresError(.decoding, "there is no column \(column); there are \(columns.joined(separator: ", "))")
    }
    return Int(position)
  }
}
