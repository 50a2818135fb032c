package import Configuration

extension AkerConfiguration {
  /// The server that is used where no other is named: below `home`.
  package var embeddedCluster: EmbeddedCluster {
    var search = ["PATH": environment["PATH"] ?? ""]
    if values[.postgresBin]?.text != nil { search["AKER_POSTGRES_BIN"] = path(.postgresBin) }
    return EmbeddedCluster(directory: home + "/postgres", binaries: PostgresBinaries.find(environment: search))
  }
}
