/// One life of a process: a random uuid that the process makes itself, so that no state of any database gives it again.
package struct Incarnation: Sendable, Equatable, CustomStringConvertible {
  /// Lower case, as Postgres writes it.
  package let description: String

  package static let current = Incarnation()

  /// Version 4 of RFC 9562.
  package init() {
    var generator = SystemRandomNumberGenerator()
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    description = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
  }

  /// Enough of it for the name of a folder.
  package var mark: String { String(description.prefix(8)) }
}
