internal import Glibc
internal import Lake
package import Quality

/// The reports of a validation, as files in a folder.
package enum ReportFiles {
  /// Writes both; the folder is made where there is none.
  /// - Returns: the page's path.
  /// - Throws: `LakeError`.
  @discardableResult
  package static func write(_ report: ValidationReport, into folder: String) throws -> String {
    try DiskLake.makeFolders(folder)
    try write(report.json(), to: folder + "/validation.json")
    let page = folder + "/validation.html"
    try write(report.html(), to: page)
    return page
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
