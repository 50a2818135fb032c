internal import CLibpq

/// A column of an answer, as the server describes it.
package struct PostgresColumn: Sendable, Equatable {
  package var name: String
  /// Of pg_type.
  package var type: UInt32
  /// A type's length or precision, as pg_catalog.format_type takes it; -1 for none.
  package var modifier: Int32
}

extension PostgresConnection {
  /// The columns of a cursor that is open in this transaction. Runs nothing.
  package func columns(ofCursor name: String) throws -> [PostgresColumn] {
    try requireNoTransaction()
    let handle = try live()
    awaited = "the columns of \(name)"
    guard PQsendDescribePortal(handle, name) == 1 else {
      throw PostgresError(.connection, Self.message(handle))
    }
    let result = try finish(handle)
    // Names are read from memory that is the result's.
    return withExtendedLifetime(result) {
      (0..<PQnfields(result.handle)).map { column in
        PostgresColumn(
          name: PQfname(result.handle, column).map { String(cString: $0) } ?? "", type: PQftype(result.handle, column),
          modifier: PQfmod(result.handle, column))
      }
    }
  }
}
