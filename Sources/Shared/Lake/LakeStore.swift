/// Where the lake is kept: on disk, or in S3. Paths are relative to the lake.
package protocol LakeStore: Sendable {
  /// As an operator would write it: a folder, or `s3://bucket/prefix`.
  var location: String { get }

  /// Whether the same place is the same lake on every host; a folder may be a disk of a host's own.
  var isShared: Bool { get }

  /// The id that the lake says it has; nil where it says none.
  func identity() async throws -> String?

  /// Makes it say that it has this id, durably.
  func setIdentity(_ id: String) async throws

  /// The local folder an attempt writes its files to, created empty.
  func prepareStaging(_ staging: String) async throws -> String

  /// Makes the files of the local folder durable, where `place` will look for them.
  func stage(_ staging: String) async throws

  /// Gives the staged files their names: the reports, then, at once, the Parquet file. May be repeated after a crash at any
  /// point. False when there is nothing staged any more.
  func place(_ staging: String, at path: String) async throws -> Bool

  /// Size in bytes; nil when there is no such file.
  func byteCount(_ path: String) async throws -> Int?

  /// The hash of the file as it is there now; nil when there is none.
  func sha256(_ path: String) async throws -> String?

  /// A file that can be read on this host, and stays as it is while another takes its place: a link or a copy in `scratch`.
  func localFile(_ path: String, scratch: String) async throws -> String?

  /// Names of the folders below `.staging`.
  func stagingNames() async throws -> [String]

  func removeStaging(_ staging: String) async throws

  /// All Parquet files, as relative paths.
  func files() async throws -> [String]

  func remove(_ path: String) async throws

  /// What was sent in part and is in no listing of files, those under way among them. None on disk.
  ///
  /// - Throws: `LakeError.isRefusal` where the server does not list them, or not for us.
  func unfinishedUploads() async throws -> [UnfinishedUpload]

  /// Forgets what was sent of it. One that was completed or aborted meanwhile is no error.
  func abort(_ upload: UnfinishedUpload) async throws
}
