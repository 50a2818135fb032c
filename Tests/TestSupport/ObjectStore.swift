import FoundationEssentials
import Glibc
import Testing

/// An S3 server of a test's own (moto's, a process), which ends with its scope or its parent.
package struct ObjectStore: Sendable {
  package let endpoint: String
  package let program: Program

  package static let accessKey = "test-access-key"
  package static let secretKey = "test-secret-key"

  /// What a program needs to know to use it.
  package var environment: [String: String] {
    [
      "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secretKey,
      "AWS_REGION": "us-east-1",
    ]
  }

  /// The one a test's scene runs on; nil where it needs none.
  @TaskLocal package static var current: ObjectStore?

  /// A file whose presence makes it ill: see Tests/Tools/sick_s3.py.
  let flag: String

  package enum Illness: String, CaseIterable, Sendable {
    case refuses = ""
    case isSlow = ".slow"
    /// What is read ends in the middle, and what is written is said not to be.
    case cutsAnswers = ".cut"
  }

  package func fallIll(_ illness: Illness) {
    _ = FileManager.default.createFile(atPath: flag + illness.rawValue, contents: nil)
  }
  package func recover() {
    for illness in Illness.allCases { try? FileManager.default.removeItem(atPath: flag + illness.rawValue) }
  }

  /// - Parameters:
  ///   - bucket: created in it.
  ///   - settings: of moto, in its environment.
  package static func running(
    bucket: String, settings: [String: String] = [:], _ body: (ObjectStore) async throws -> Void
  ) async throws {
    let portFile = "/tmp/aker-moto-\(UUID().uuidString).port"
    let flag = portFile + ".sick"
    defer { try? FileManager.default.removeItem(atPath: portFile) }
    let program = try await Program.start(
      "python3", [PackageRoot.path + "/Tests/Tools/sick_s3.py", "127.0.0.1", "0", flag, portFile],
      environment: settings.merging(["PYTHONPATH": PythonProgram.folder("moto")]) { $1 })
    var port: Int?
    try await eventually(within: .seconds(120), "the S3 server listens; scripts/setup --tests installs it") {
      port = FileManager.default.contents(atPath: portFile).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
      return port != nil
    }
    do {
      guard let port else { throw TestFailure("the S3 server did not start") }
      let store = ObjectStore(endpoint: "http://127.0.0.1:\(port)", program: program, flag: flag)
      defer { store.recover() }
      let made = try await Program.run("curl", ["-sf", "-X", "PUT", "\(store.endpoint)/\(bucket)"])
      guard made.exitCode == 0 else { throw TestFailure("no bucket: \(made)") }
      try await body(store)
    } catch {
      program.send(SIGKILL)
      _ = try await program.wait()
      throw error
    }
    program.send(SIGKILL)
    _ = try await program.wait()
  }

  /// What a line of Python with Amazon's own client sees: `s3` and `iam` are there.
  package func inspect(_ python: String) async throws -> String {
    let script = """
      import boto3
      session = boto3.Session('\(Self.accessKey)', '\(Self.secretKey)', region_name='us-east-1')
      s3, iam = [session.client(name, endpoint_url='\(endpoint)') for name in ('s3', 'iam')]
      \(python)
      """
    let result = try await Program.run(
      "python3", ["-c", script], environment: ["PYTHONPATH": PythonProgram.folder("moto")])
    guard result.exitCode == 0 else { throw TestFailure("\(result)") }
    return String(result.output.reversed().drop { $0.isNewline }.reversed())
  }
}

extension ObjectStore {
  /// Sends a part of an object of the bucket `lake`, and dies of it.
  package func beginUpload(_ key: String) async throws {
    _ = try await inspect(
      """
      upload = s3.create_multipart_upload(Bucket='lake', Key='\(key)')['UploadId']
      s3.upload_part(Bucket='lake', Key='\(key)', PartNumber=1, UploadId=upload, Body=b'PAR1')
      """)
  }

  /// The keys of all incomplete uploads of the bucket `lake`.
  package func uploadKeys() async throws -> Set<String> {
    let lines = try await inspect(
      "print('\\n'.join(u['Key'] for u in s3.list_multipart_uploads(Bucket='lake').get('Uploads', [])))")
    return Set(lines.split(separator: "\n").map(String.init))
  }
}

/// What `scripts/setup --tests` installed from PyPI.
package enum PythonProgram {
  /// For PYTHONPATH.
  package static func folder(_ name: String) -> String {
    PackageRoot.path + "/.aker/tools/python/" + name
  }
}
