internal import Glibc

package enum HostName {
  /// As the kernel knows this host; in a pod, the pod's name.
  package static let current: String = {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknown" }
    return withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()
}
