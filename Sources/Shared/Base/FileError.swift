internal import Glibc

/// A system call on a file that failed. Tried again: disks fill up and are emptied, mounts come back.
package struct FileError: ClassifiedError, Equatable {
  /// What was tried, as it follows `cannot`: `read`, `create`.
  package var action: String
  package var path: String
  /// The call's `errno`.
  package var code: Int32

  package init(action: String, path: String, code: Int32) {
    self.action = action
    self.path = path
    self.code = code
  }

  package var errorClass: ErrorClass { .transient }
  package var mayBeHost: Bool { true }
  package var isHosts: Bool { UsedUp.says(code) }
  package var summary: String { "cannot \(action) \(path): \(reason)" }
  package var causes: [String] { ["\(reason) (errno \(code))"] }

  private var reason: String { String(cString: strerror(code)) }
}
