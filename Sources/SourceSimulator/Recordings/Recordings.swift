import Yams

/// The folder of recordings: one folder a source.
actor Recordings {
  nonisolated let path: String
  private var manifests: [String: (stamp: Files.Stamp, manifest: Manifest)] = [:]

  init(path: String) {
    self.path = path
  }

  nonisolated func folder(_ source: String) -> String {
    path + "/" + source
  }

  /// What `<source>/manifest.yml` says; the defaults when there is none.
  func manifest(of source: String) throws -> Manifest {
    let file = folder(source) + "/manifest.yml"
    guard let stamp = Files.stamp(file), let bytes = Files.read(file) else { return Manifest() }
    if let known = manifests[source], known.stamp == stamp { return known.manifest }
    let manifest: Manifest
    do {
      manifest = try YAMLDecoder().decode(Manifest.self, from: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw RecordingError("\(file): \(error)")
    }
    manifests[source] = (stamp, manifest)
    return manifest
  }
}
