internal import Glibc
internal import HTTPTypes

/// Where a request comes from.
enum ClientAddress {
  /// The peer's own address, or where a proxy got the request from. Each proxy adds whom it was asked by at the end of
  /// X-Forwarded-For: the last that is no proxy of ours is who asks, and what stands before that, anybody can have written.
  static func find(_ head: HTTPRequest, peer: String, proxies: Set<String>) -> String {
    let proxies = Set(proxies.map { normal($0) ?? $0 })
    let peer = normal(peer) ?? peer
    guard proxies.contains(peer), let chain = head.headerFields[.forwardedFor] else { return peer }
    for text in chain.split(separator: ",").reversed() {
      // What is no address was not written by a proxy that one could believe.
      guard let address = normal(text.filter { $0 != " " }) else { return peer }
      if !proxies.contains(address) { return address }
    }
    return peer
  }

  /// One way to write each address; nil for what is none. An IPv4 address within IPv6 is that address.
  static func normal(_ text: String) -> String? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return text }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &six, &buffer, socklen_t(buffer.count)) != nil else { return nil }
    let written = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let mapped = "::ffff:"
    guard written.hasPrefix(mapped), written.contains(".") else { return written }
    return String(written.dropFirst(mapped.count))
  }

  /// What an address is counted by: of IPv6 its first half, since whoever has one has all of them.
  static func counted(_ address: String) -> String {
    var six = in6_addr()
    guard inet_pton(AF_INET6, address, &six) == 1 else { return address }
    return withUnsafeBytes(of: &six) { bytes in bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") }
  }
}

extension HTTPField.Name {
  static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
