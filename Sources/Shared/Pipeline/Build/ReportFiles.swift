internal import Base
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
    let code = Array(text.utf8).withUnsafeBytes { writeAll($0, to: descriptor) }
    guard code == 0 else { throw LakeError.io("write", path, code) }
  }
}
