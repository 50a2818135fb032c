internal import CLibxml2
internal import Glibc

/// What a feed's relative addresses are relative to: the nearest `xml:base`, or else the feed's own address.
struct FeedAddresses {
  private var bases: [(depth: Int32, address: String)] = []
  private var own: String?
  private var isOwnCertain = false

  /// At each element.
  mutating func enter(depth: Int32, base: String?) {
    bases.removeAll { $0.depth >= depth }
    if let base { bases.append((depth, Self.resolved(base, bases.last?.address ?? own))) }
  }

  /// An address of the feed itself, beside its items; what it calls `self` is the surest.
  mutating func found(_ address: String, isSelf: Bool = false) {
    if isOwnCertain || (own != nil && !isSelf) { return }
    own = Self.resolved(address, bases.last?.address)
    isOwnCertain = isSelf
  }

  func whole(_ address: String) -> String { Self.resolved(address, bases.last?.address ?? own) }

  private static func resolved(_ address: String, _ base: String?) -> String {
    guard let base, let whole = xmlBuildURI(address, base) else { return address }
    defer { free(whole) }
    return String(cString: whole)
  }
}
