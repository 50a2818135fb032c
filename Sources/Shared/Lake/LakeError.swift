package import Base
internal import Glibc
internal import HTTP
package import S3

/// What went wrong with a file of the lake.
package enum LakeError: ClassifiedError, Equatable {
  case system(action: String, path: String, code: Int32, message: String)
  case s3(action: String, object: String, S3Client.Failure)
  /// The file is not the one that was published.
  case wrongContent(path: String)

  /// From a system call's `errno`.
  package static func io(_ action: String, _ path: String, _ code: Int32) -> LakeError {
    .system(action: action, path: path, code: code, message: String(cString: strerror(code)))
  }

  /// S3 does not do this, or not for us, and trying again will not help: 405 and 501 are servers that know no such request.
  package var isRefusal: Bool {
    if case .s3(_, _, .refused(403, _, _)) = self { return true }
    if case .s3(_, _, .refused(405, _, _)) = self { return true }
    if case .s3(_, _, .refused(501, _, _)) = self { return true }
    return false
  }

  package var errorClass: ErrorClass { .transient }

  /// What a program ends with, whose error it is: no time mends a folder that may not be written, or is none.
  package var exitStatus: ExitStatus {
    guard case .system(_, _, let code, _) = self,
      [EACCES, EPERM, EROFS, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG].contains(code)
    else { return errorClass.exitStatus }
    return .cannotWrite
  }

  package var mayBeHost: Bool {
    switch self {
    case .system, .s3: true
    case .wrongContent: false
    }
  }

  package var isHosts: Bool {
    if case .system(_, _, let code, _) = self { UsedUp.says(code) } else { false }
  }

  package var summary: String {
    switch self {
    case .system(let action, let path, _, let message): "cannot \(action) \(path): \(message)"
    case .s3(let action, let object, .refused(let status, let code, let message)):
      "cannot \(action) \(object): S3 answered \(status)"
        + [code, message].filter { !$0.isEmpty }.map { " " + $0 }.joined(separator: ":")
    case .s3(let action, let object, .transfer(let reason)): "cannot \(action) \(object): \(reason)"
    case .wrongContent(let path): "\(path) is not what was published: its hash differs from the manifest's"
    }
  }

  package var causes: [String] {
    switch self {
    case .system(_, _, let code, let message): code == 0 ? [] : ["\(message) (errno \(code))"]
    case .s3(_, _, .refused(let status, let code, let message)):
      ["HTTP \(status) from S3"] + [code, message].filter { !$0.isEmpty }
    case .s3(_, _, .transfer(let reason)): ["no answer from S3", reason]
    case .wrongContent: []
    }
  }

  package var advice: String? {
    switch self {
    case .system(_, _, ENOSPC, _), .system(_, _, EDQUOT, _):
      "Free space below AKER_CACHE_PATH; the task is tried again by itself."
    case .system(_, _, EROFS, _), .system(_, _, EACCES, _):
      "Make AKER_CACHE_PATH writable for the worker's user; the task is tried again by itself."
    case .system: nil
    case .s3(_, _, .refused(403, _, _)):
      "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy; the task is tried again by itself."
    case .s3(_, _, .refused(404, _, _)):
      "Check the bucket that AKER_CACHE_PATH names; the task is tried again by itself."
    case .s3: "The task is tried again by itself."
    case .wrongContent: "Run aker lake repair."
    }
  }
}
