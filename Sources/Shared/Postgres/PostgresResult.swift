internal import CLibpq

/// Owns one `PGresult`.
///
/// `@unchecked` because of the C pointer only: libpq says that a `PGresult` is read-only after its creation and may be
/// passed between threads freely, and nothing here changes it before `deinit` clears it.
final class PostgresResult: @unchecked Sendable {
  let handle: OpaquePointer
  let columnPositions: [String: Int32]

  init(_ handle: OpaquePointer) {
    self.handle = handle
    var positions: [String: Int32] = [:]
    for column in 0..<PQnfields(handle) {
      // A COPY's columns have no names. The first of several columns of one name wins, as a reader of `SELECT *` would
      // expect.
      guard let name = PQfname(handle, column).map({ String(cString: $0) }) else { continue }
      if positions[name] == nil { positions[name] = column }
    }
    columnPositions = positions
  }

  deinit {
    PQclear(handle)
  }

  var rows: [PostgresRow] {
    (0..<PQntuples(handle)).map { PostgresRow(result: self, index: $0) }
  }

  /// Rows inserted, updated, deleted, selected or copied; 0 where the command does not count.
  var affectedCount: Int {
    Int(String(cString: PQcmdTuples(handle))) ?? 0
  }

  var commandTag: String {
    String(cString: PQcmdStatus(handle))
  }
}
