import Glibc

enum FileHandleText {
  static func standardError(_ text: String) {
    text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
  }
}
