internal import Glibc

/// What the system says where this host has no more of something that all its tasks share: room on a disk, memory, open
/// files. It is no fault of the task that happens to meet it, however soon there is some again.
package enum UsedUp {
  private static let codes = [ENOSPC, EDQUOT, ENOMEM, ENFILE, EMFILE]

  /// - Parameter code: a system call's `errno`.
  package static func says(_ code: Int32) -> Bool { codes.contains(code) }

  /// - Parameter text: an error of ours or of a program that we start, which quotes the system.
  package static func says(_ text: String) -> Bool {
    codes.contains { text.contains(String(cString: strerror($0))) }
  }
}
