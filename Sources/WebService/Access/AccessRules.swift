package import Exposition

/// Who is let in, and as what.
package struct AccessRules: Sendable {
  /// What a request without a token may do; nil lets none in.
  package var anonymous: Level?
  /// The header in which a proxy tells who asks; believed from `proxyAddresses` alone.
  package var proxyHeader: String?
  /// The header in which it tells their level; without it all are viewers.
  package var proxyLevelHeader: String?
  package var proxyAddresses: Set<String>
  /// Whether the proxies were declared, so that X-Forwarded-For is believed from them.
  package var believesForwarded: Bool

  package init(
    anonymous: Level?, proxyHeader: String? = nil, proxyLevelHeader: String? = nil,
    proxyAddresses: Set<String> = ["127.0.0.1", "::1"], believesForwarded: Bool? = nil
  ) {
    self.anonymous = anonymous
    self.proxyHeader = proxyHeader
    self.proxyLevelHeader = proxyLevelHeader
    self.proxyAddresses = proxyAddresses
    self.believesForwarded = believesForwarded ?? (proxyHeader != nil)
  }

  /// Those of which it is believed whom they were asked by.
  var forwardingProxies: Set<String> { believesForwarded ? proxyAddresses : [] }

  /// Whether a peer is a proxy, however its address is written.
  func isProxy(_ peer: String) -> Bool {
    let peer = ClientAddress.normal(peer) ?? peer
    return proxyAddresses.contains { (ClientAddress.normal($0) ?? $0) == peer }
  }

  /// Why it must not listen there; nil where it may.
  package func refusal(of address: ListenAddress) -> String? {
    guard !address.isLoopback, let anonymous else { return nil }
    return "\(address) can be reached from other hosts, and everybody there would be let in as \(anonymous.rawValue)"
  }
}
