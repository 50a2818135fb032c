internal import Glibc
internal import Postgres

/// Where the embedded server's socket is.
struct ClusterAddress {
  /// Absolute.
  let socketDirectory: String
  /// The same as the server is told it: from its data folder where it can be, so that it need not be allowed into the
  /// folders above, and no character of their names matters.
  let socketDirectoryForServer: String

  var configuration: PostgresConfiguration {
    PostgresConfiguration(
      dsn: "host=\(PostgresConfiguration.quote(socketDirectory)) port=5432 user=aker dbname=aker"
        + ShellVariables.overridden.map { " \($0.keyword)=\(PostgresConfiguration.quote($0.value))" }.joined(),
      connectTimeout: .seconds(10))
  }

  /// - Throws: `EmbeddedClusterError` when somebody else could have put a server there.
  func requireOurs(_ owner: ServerOwner?) throws {
    var status = stat()
    guard lstat(socketDirectory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == owner?.uid ?? geteuid(), status.st_mode & 0o077 == 0
    else { throw EmbeddedClusterError.foreignFolder(socketDirectory) }
  }
}

extension EmbeddedCluster {
  /// In the cluster's folder, unless no client could name it there: a socket's path is held to 107 bytes, and libpq
  /// takes a comma for the end of a host. Then it is in /tmp, by the identity of the data.
  func address(_ identity: ClusterIdentity) throws -> ClusterAddress {
    guard let resolved = realpath(directory, nil) else {
      throw EmbeddedClusterError.unwritable(directory, String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    let inside = String(cString: resolved) + "/socket"
    if inside.utf8.count + "/.s.PGSQL.5432".utf8.count <= 107, !inside.contains(",") {
      return ClusterAddress(socketDirectory: inside, socketDirectoryForServer: "../socket")
    }
    let outside = "/tmp/aker-" + identity.place
    return ClusterAddress(socketDirectory: outside, socketDirectoryForServer: outside)
  }
}
