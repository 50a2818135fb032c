internal import Base

extension LakeStore {
  /// A file as it was published, and stays for its reader: what is read of a lake is compared with what the manifest says of
  /// it, whatever the lake.
  ///
  /// - Parameters:
  ///   - sha256: by the manifest.
  ///   - scratch: where a link or a copy is put.
  /// - Throws: `LakeFileError` where it is not there, or is another; `LakeError`.
  package func publishedFile(_ path: String, sha256: String, scratch: String) async throws -> String {
    guard let file = try await localFile(path, scratch: scratch) else {
      throw LakeFileError(location: location, path: path, expected: sha256, found: nil)
    }
    let found = try await SHA256.hash(ofFile: file).sha256
    guard found == sha256 else {
      throw LakeFileError(location: location, path: path, expected: sha256, found: found)
    }
    return file
  }
}
