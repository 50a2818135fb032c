internal import Base
internal import FoundationEssentials
package import Postgres

/// Which lake this is: an id that lies in the lake, and in the database whose publications it holds.
///
/// A path proves nothing: another disk may be mounted there, a worker may have been given another one, and a copy looks like
/// the original until somebody publishes into either.
package struct LakeIdentity: Sendable {
  private let lake: any LakeStore

  /// The file that holds it. Readers of the lake skip names that begin with a dot.
  package static let fileName = ".aker-lake"

  /// More than an id and its newline: what is longer is none.
  static let mostBytes = 64

  static func id(in bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
  }

  package init(_ lake: any LakeStore) {
    self.lake = lake
  }

  /// Makes sure that this is the database's lake; a lake that is new to a database without one becomes its lake.
  ///
  /// - Returns: a doubt that refuses nothing and is to be told: by its id and its place it is the database's, and yet it
  ///   lacks the newest file, as the copy of a disk in another host does.
  /// - Throws: `LakeIdentityError` where it is not, before anything was written; `LakeError`.
  @discardableResult
  package func require(_ connection: PostgresConnection) async throws -> LakeIdentityError? {
    var found = try await lake.identity()
    var rows = try await establish(found, connection)
    if rows.isEmpty, try await lake.files().isEmpty {
      // Of a database that is gone, and with nothing in it: as good as new.
      found = nil
      rows = try await establish(nil, connection)
    }
    guard let row = rows.first else { throw error(.foreign) }
    let known: String = try row.decode("location")
    let id: String = try row.decode("id")
    let otherHost = try row.text("host").flatMap { lake.isShared || $0 == HostName.current ? nil : $0 }
    if found == nil, known == lake.location, otherHost != nil { found = try await markOfAnotherHost() }
    guard let found else {
      guard known == lake.location else { throw error(.elsewhere(known: known)) }
      if let otherHost { throw error(.ownDisk(host: otherHost)) }
      if try row.decode("has_files", as: Bool.self) { throw error(.lost) }
      try await lake.setIdentity(id)
      return nil
    }
    guard found == id else { throw error(.foreign) }
    // The same lake by another path: a mount, or a folder that was moved. Or a copy, which misses what came after it.
    let isMounted = known != lake.location
    guard isMounted || otherHost != nil, let newest = try row.text("newest_path"),
      try await lake.byteCount(newest) != row.decode("newest_bytes", as: Int.self)
    else { return nil }
    let place = isMounted ? known : "\(known) of host \(otherHost ?? "")"
    let doubt = error(.copy(known: place, missing: newest))
    // A lake that lost a file must not keep every host from starting: each file is compared with the manifest when read.
    if isMounted { throw doubt }
    return doubt
  }

  /// Another host made the lake, maybe in this moment: what it wrote comes to be seen here too where the folder is shared.
  private func markOfAnotherHost() async throws -> String? {
    for _ in 0..<Self.markPatience {
      try await Task.sleep(for: .milliseconds(100))
      if let id = try await lake.identity() { return id }
    }
    return nil
  }

  /// Three seconds: as long as NFS remembers, by its defaults, that a name was not there.
  private static let markPatience = 30

  /// None where the database has no lake, and the lake has another id than the one that it would give.
  private func establish(_ id: String?, _ connection: PostgresConnection) async throws -> [PostgresRow] {
    try await connection.query(
      "SELECT lake_id::text AS id, location, host, has_files, newest_path, newest_bytes FROM lake.establish($1, $2, $3)",
      [lake.location, id, HostName.current])
  }

  /// What of the database's files is here.
  package struct Census: Sendable, Equatable {
    package var present = 0
    /// Paths of files that are not here, or are of another size.
    package var missing: [String] = []
  }

  package func census(_ connection: PostgresConnection) async throws -> Census {
    var census = Census()
    let rows = try await connection.query(
      "SELECT path, byte_count FROM lake.manifest WHERE state <> 'committed' ORDER BY path")
    for row in rows {
      let path: String = try row.decode("path")
      if try await lake.byteCount(path) == row.decode("byte_count", as: Int.self) {
        census.present += 1
      } else {
        census.missing.append(path)
      }
    }
    return census
  }

  /// Makes this the database's lake, under a new id: whoever still uses another folder is told so at the next start.
  ///
  /// - Throws: `PostgresError` with AK006 while workers are alive, which might publish into the other one.
  package func adopt(_ connection: PostgresConnection) async throws {
    let row = try await connection.one("SELECT lake.adopt($1, $2)::text AS id", [lake.location, HostName.current])
    // In this order: after a crash in between, the lake says nothing, and is refused until it is adopted again.
    try await lake.setIdentity(try row.decode("id"))
  }

  private func error(_ reason: LakeIdentityError.Reason) -> LakeIdentityError {
    LakeIdentityError(location: lake.location, reason: reason)
  }
}
