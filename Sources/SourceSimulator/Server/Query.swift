/// The parameters of a query string, in order, decoded (`+` and `%20` are spaces).
struct Query: Sendable {
  private(set) var parameters: [(name: String, value: String)] = []

  init(_ text: some StringProtocol) {
    for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
      let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      parameters.append((Self.decode(halves[0]), halves.count > 1 ? Self.decode(halves[1]) : ""))
    }
  }

  /// The first value of a name.
  subscript(_ name: String) -> String? {
    parameters.first { $0.name == name }?.value
  }

  /// The first value of a name whose case does not matter.
  func value(ignoringCase name: String) -> String? {
    parameters.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  func values(_ name: String) -> [String] {
    parameters.filter { $0.name == name }.map(\.value)
  }

  static func decode(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool = true) -> String {
    var decoded: [UInt8] = []
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
      switch byte {
      case UInt8(ascii: "+") where plusIsSpace:
        decoded.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = iterator.next(), let low = iterator.next() else { break }
        if let high = Character(Unicode.Scalar(high)).hexDigitValue,
          let low = Character(Unicode.Scalar(low)).hexDigitValue
        {
          decoded.append(UInt8(high << 4 | low))
        }
      default:
        decoded.append(byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}
