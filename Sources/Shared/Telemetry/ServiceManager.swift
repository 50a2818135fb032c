internal import FoundationEssentials
internal import Glibc

/// Who started this process and wants to hear how it is: systemd, by sd_notify(3). A datagram to the socket that it names; does
/// nothing where nobody named one. A manager that cannot be told is no reason to stop working.
package struct ServiceManager: Sendable {
  /// A path, or a name of the abstract kind, which begins with `@`.
  private let socket: String?

  package static let none = ServiceManager(environment: [:])

  package init(environment: [String: String]) {
    socket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
  }

  /// It does what it was started for, from now on.
  package func ready(_ status: String) { tell("READY=1", status) }

  /// Its loop has turned once more: to be said oftener than `WatchdogSec`.
  package func alive(_ status: String? = nil) { tell("WATCHDOG=1", status) }

  /// It was told to stop, or must, and takes the time that it needs.
  package func stopping(_ status: String) { tell("STOPPING=1", status) }

  private func tell(_ what: String, _ status: String?) {
    guard let socket else { return }
    // One line: what comes from outside may not say anything else.
    let line = status.map { "\nSTATUS=" + $0.replacing("\n", with: " ") } ?? ""
    send(Array((what + line).utf8), to: socket)
  }

  private func send(_ message: [UInt8], to socket: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(socket.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard name.count < room else { return }
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size - room + name.count)
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Does not wait: a manager that does not read must not hold up a worker.
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
