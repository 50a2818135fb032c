package import Base

/// A file of the lake that is not the one that was published. Nothing was built from it.
package struct LakeFileError: ClassifiedError, Equatable {
  package var location: String
  package var path: String
  /// SHA-256 by the manifest.
  package var expected: String
  /// Of what is there; nil where nothing is.
  package var found: String?

  /// Another host may have the file: with a lake on a disk of each host's own, the one that published it.
  package var errorClass: ErrorClass { .transient }

  package var mayBeHost: Bool { true }

  package var exitStatus: ExitStatus { .unsuccessful }

  package var summary: String {
    guard let found else { return "\(location)/\(path) was published, and is not there" }
    return "\(location)/\(path) is not what was published: "
      + "it has the hash \(found.prefix(12)), and the manifest says \(expected.prefix(12))"
  }

  package var advice: String? {
    "Do all hosts have the same lake (a shared mount, or S3)? aker doctor on host \(HostName.current) says. "
      + "If the file was changed or lost: aker lake repair --verify"
  }
}
