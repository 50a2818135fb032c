package import Glibc

/// Folders that are there when they are needed, whoever removed them meanwhile.
package enum Folders {
  /// Makes the folder and those above it, where they are not there.
  ///
  /// - Throws: `FileError`.
  package static func make(_ path: String) throws {
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    if code == EEXIST {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw FileError(action: "make the folder", path: path, code: ENOTDIR)
      }
      return
    }
    guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw FileError(action: "make the folder", path: path, code: code)
    }
    try make(String(path[..<slash]))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw FileError(action: "make the folder", path: path, code: errno)
    }
  }

  /// `open`, which makes the folder that the file is to be in when it is gone.
  ///
  /// - Returns: less than 0 where it failed, with `errno` as `open` left it.
  package static func openMaking(_ path: String, _ flags: Int32, _ mode: mode_t = 0o644) -> Int32 {
    let descriptor = open(path, flags, mode)
    guard descriptor < 0, errno == ENOENT, let slash = path.lastIndex(of: "/") else { return descriptor }
    try? make(String(path[..<slash]))
    return open(path, flags, mode)
  }
}
