package import Base

/// A lake that is not the one that the database's publications are in. Nothing was written to it.
package struct LakeIdentityError: ClassifiedError, Equatable {
  package enum Reason: Sendable, Equatable {
    /// Nothing here says that it is a lake, and the database's is elsewhere.
    case elsewhere(known: String)
    /// The database's lake has this name on another host, and nothing here says that this is it: a disk of this host's own.
    case ownDisk(host: String)
    /// Files were published into it, and what says which lake it is has gone.
    case lost
    /// It belongs to another database, or the database's was adopted elsewhere since.
    case foreign
    /// It says that it is the database's, and lacks a file that was published there since.
    case copy(known: String, missing: String)
  }

  package var location: String
  package var reason: Reason

  package var errorClass: ErrorClass { .permanent }

  package var exitStatus: ExitStatus { .configuration }

  package var summary: String {
    switch reason {
    case .elsewhere(let known): "\(location) is not the database's lake, which is \(known)"
    case .ownDisk(let host):
      "\(location) on this host (\(HostName.current)) is not the database's lake, which has that name on host \(host)"
    case .lost: "\(location) no longer says which lake it is, and files were published into it"
    case .foreign: "\(location) is another database's lake, or one that was moved or adopted elsewhere since"
    case .copy(let known, let missing):
      "\(location) is a copy of the database's lake, \(known): it lacks \(missing)"
    }
  }

  package var advice: String? {
    switch reason {
    case .elsewhere, .copy:
      "Set AKER_CACHE_PATH to where that lake is on this host. If it was brought here for good: aker lake adopt"
    case .ownDisk(let host):
      "All hosts need one lake: mount the folder of \(host) here, or keep it in S3 (AKER_CACHE_PATH=s3://bucket/prefix). "
        + "If it is on this host from now on: aker lake adopt"
    case .lost:
      "Is its disk mounted? If this is the folder, with what is left of it: aker lake adopt, then aker lake repair"
    case .foreign: "Set AKER_CACHE_PATH to this database's lake. If this is to be it from now on: aker lake adopt"
    }
  }
}
