package import Base
internal import Glibc

/// Asks a program of ours whether it is ready, by its /readyz: for the healthcheck of a container in which no other program is
/// that could.
package enum ReadyQuestion {
  package struct NotReady: ClassifiedError {
    package var summary: String
    package var errorClass: ErrorClass { .transient }
    package var exitStatus: ExitStatus { .unavailable }
  }

  /// - Throws: `NotReady` with what fails, or why there was no answer.
  package static func ask(_ address: ListenAddress, pathPrefix: String = "") throws {
    let answer = try get("\(pathPrefix)/readyz", of: address)
    let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first
    guard status != "200" else { return }
    let body = answer.firstRange(of: "\r\n\r\n").map { answer[$0.upperBound...] } ?? ""
    let lines = body.split(whereSeparator: \.isNewline).joined(separator: "; ")
    throw NotReady(summary: "\(address) answers \(status ?? "nothing")\(lines.isEmpty ? "" : ": \(lines)")")
  }

  /// Of each wait, in seconds.
  private static let limit = 4
  private static let mostBytes = 65_536

  private static func get(_ path: String, of address: ListenAddress) throws -> String {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, "\(address.port)", &hints, &found) == 0, let info = found?.pointee else {
      throw NotReady(summary: "\(address): there is no such host")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(info.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure(address) }
    defer { close(descriptor) }
    var wait = timeval(tv_sec: limit, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
    }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n".utf8)
    guard connect(descriptor, info.ai_addr, info.ai_addrlen) == 0,
      send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
    else { throw failure(address) }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while answer.count < mostBytes {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 0 else { throw failure(address) }
      if count == 0 { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private static func failure(_ address: ListenAddress) -> NotReady {
    NotReady(summary: "\(address) does not answer: \(String(cString: strerror(errno)))")
  }
}
