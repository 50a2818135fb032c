import Glibc

enum HostName {
  /// As the kernel knows this host; in a pod, the pod's name.
  static let current: String = {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknown" }
    return withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()
}

enum FileHandleText {
  static func standardError(_ text: String) {
    text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
  }
}
