internal import Glibc
internal import Lake
internal import Quality

/// The reports of a validation, as files in a folder.
enum ReportFiles {
  static func write(_ report: ValidationReport, into folder: String) throws {
    try write(report.json(), to: folder + "/validation.json")
    try write(report.html(), to: folder + "/validation.html")
  }

  private static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw LakeError.io("create", path, errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw LakeError.io("write", path, errno)
      }
      written += count
    }
  }
}
