internal import Base
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Answers GET requests one after another, on a thread of its own: a worker's metrics and health, for a scrape every few
/// seconds.
///
/// Not the service's HTTP server: a worker is to stay small, and this costs it one thread and no library. What is not a short
/// GET is refused; who is slow is cut off after two seconds, so that nobody can hold it up for long.
package final class ProbeListener: Sendable {
  package struct Answer: Sendable {
    package var status: Int
    package var contentType: String
    package var body: String

    package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", body: String) {
      self.status = status
      self.contentType = contentType
      self.body = body
    }
  }

  /// Where it listens, with the port that the system chose.
  package let address: ListenAddress
  private let descriptor: Int32
  private let answer: @Sendable (_ path: String, _ accept: String?) -> Answer?
  private let isStopped = Atomic(false)

  private static let timeLimit = Duration.seconds(2)
  private static let requestLimit = 8_192

  /// Listens and begins to answer.
  ///
  /// - Parameter answer: nil for a path that there is not.
  /// - Throws: `ListenError` where the address cannot be had.
  package static func start(
    on address: ListenAddress, answer: @escaping @Sendable (_ path: String, _ accept: String?) -> Answer?
  ) throws -> ProbeListener {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, "\(address.port)", &hints, &found) == 0, let info = found?.pointee else {
      throw ListenError(address: address, reason: "there is no such host")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(info.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ListenError(address: address, reason: String(cString: strerror(errno))) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 16) == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw ListenError(address: address, reason: reason)
    }
    let listener = ProbeListener(
      address: ListenAddress(host: address.host, port: port(of: descriptor) ?? address.port), descriptor, answer)
    DispatchQueue(label: "probes").async { listener.serve() }
    return listener
  }

  private init(
    address: ListenAddress, _ descriptor: Int32,
    _ answer: @escaping @Sendable (_ path: String, _ accept: String?) -> Answer?
  ) {
    self.address = address
    self.descriptor = descriptor
    self.answer = answer
  }

  package func stop() {
    guard !isStopped.exchange(true, ordering: .sequentiallyConsistent) else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private func serve() {
    while !isStopped.load(ordering: .sequentiallyConsistent) {
      let client = accept(descriptor, nil, nil)
      if client >= 0 {
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        respond(client)
        close(client)
      } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
        usleep(100_000)
      }
    }
    close(descriptor)
  }

  private func respond(_ client: Int32) {
    let deadline = ContinuousClock.now + Self.timeLimit
    guard let request = read(client, until: deadline) else { return }
    let lines = request.split(separator: "\r\n", omittingEmptySubsequences: false)
    let words = (lines.first ?? "").split(separator: " ")
    let found: Answer
    if words.count != 3 || !words[2].hasPrefix("HTTP/1.") {
      found = Answer(status: 400, body: "This is no HTTP request.\n")
    } else if words[0] != "GET" && words[0] != "HEAD" {
      found = Answer(status: 405, body: "Only GET is answered here.\n")
    } else {
      let accept = lines.first { $0.lowercased().hasPrefix("accept:") }.map { String($0.dropFirst("accept:".count)) }
      let path = words[1].split(separator: "?", omittingEmptySubsequences: false)[0]
      found =
        answer(String(path), accept)
        ?? Answer(status: 404, body: "There are /metrics, /livez and /readyz.\n")
    }
    let head =
      "HTTP/1.1 \(found.status) \(Self.reason(found.status))\r\nContent-Type: \(found.contentType)\r\n"
      + "Content-Length: \(found.body.utf8.count)\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    write(Array((head + (words.first == "HEAD" ? "" : found.body)).utf8), to: client, until: deadline)
  }

  /// The request's head; nil for one that is too long, or too slow.
  private func read(_ client: Int32, until deadline: ContinuousClock.Instant) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 2_048)
    while bytes.count < Self.requestLimit {
      guard Self.wait(client, POLLIN, until: deadline) else { return nil }
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      if text.contains("\r\n\r\n") { return text }
    }
    return nil
  }

  private func write(_ bytes: [UInt8], to client: Int32, until deadline: ContinuousClock.Instant) {
    var sent = 0
    while sent < bytes.count, Self.wait(client, POLLOUT, until: deadline) {
      let count = bytes[sent...].withUnsafeBytes {
        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private static func wait(_ descriptor: Int32, _ events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    let left = (deadline - .now) / .milliseconds(1)
    guard left > 0 else { return false }
    var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&polled, 1, Int32(left)) > 0
  }

  private static func port(of descriptor: Int32) -> Int? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard getsockname(descriptor, address, &length) == 0 else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
      }
    }
  }

  private static func reason(_ status: Int) -> String {
    [200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"][status]
      ?? "-"
  }
}
