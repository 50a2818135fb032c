internal import FoundationEssentials

/// Texts, and the names of members among them.
extension JSONCheck {
  mutating func beginText(isName: Bool) {
    (self.isName, textOffset, hasEscape, needsLowHalf) = (isName, offset, false, false)
    name.removeAll(keepingCapacity: true)
    state = .text
  }

  mutating func takeOfText(_ byte: UInt8) throws {
    switch state {
    case .escape:
      guard "\"\\/bfnrtu".utf8.contains(byte) else {
        throw Failure(what: "\(Self.shown(byte)) follows a backslash, which means nothing so", offset: offset)
      }
      if isName { name.append(byte) }
      guard needsLowHalf == false || byte == UInt8(ascii: "u") else { throw halfCharacter }
      (unit, digitCount) = (0, 0)
      state = byte == UInt8(ascii: "u") ? .digits : .text
    case .digits:
      guard let digit = Self.hexadecimal(byte) else { throw unexpected(byte, "four hexadecimal digits") }
      if isName { name.append(byte) }
      unit = unit << 4 | digit
      digitCount += 1
      if digitCount == 4 { try endUnit() }
    default:
      if needsLowHalf, byte != UInt8(ascii: "\\") { throw halfCharacter }
      switch byte {
      case UInt8(ascii: "\""): endText()
      case UInt8(ascii: "\\"):
        hasEscape = true
        if isName { name.append(byte) }
        state = .escape
      case 0x0A where shape == .lines:
        throw Failure(what: "the line ends within a text", offset: offset, began: textOffset, advice: Self.lineAdvice)
      default:
        throw Failure(
          what:
            "a text holds the control character \(TextEncoding.hexadecimal([byte])), which is written with a backslash",
          offset: offset, began: textOffset)
      }
    }
  }

  /// Of a character beyond U+FFFF, half by half.
  private mutating func endUnit() throws {
    let isLowHalf = 0xDC00...0xDFFF ~= unit
    guard isLowHalf == needsLowHalf else { throw halfCharacter }
    needsLowHalf = 0xD800...0xDBFF ~= unit
    state = .text
  }

  private var halfCharacter: Failure {
    Failure(what: "a text holds half a character (\\ud800 to \\udfff)", offset: offset)
  }

  private mutating func endText() {
    guard isName else { return endValue() }
    let (spelt, isEscaped) = (name, hasEscape)
    let hash = Self.hash(plainName)
    members.append(hash)
    memberOffsets.append(textOffset)
    state = .colon
    let other = names?.other(hash, at: open.last?.place, offset: textOffset) {
      isEscaped ? Self.decoded(spelt) : spelt
    }
    if let other { others.append((open.count, other)) }
  }

  private var plainName: [UInt8] { hasEscape ? Self.decoded(name) : name }

  /// How many of the steps to the records lead to the value that begins; nil where another way does.
  var nextPlace: Int? {
    guard let last = open.last else { return stepCount >= 0 ? 0 : nil }
    // Most values are of records, or of nothing that leads to them.
    guard let place = last.place, place < stepCount else { return nil }
    return places?.place(from: place, isObject: last.isObject, name: { plainName }) ?? nil
  }

  private static func decoded(_ escaped: [UInt8]) -> [UInt8] {
    let quoted = Data([UInt8(ascii: "\"")] + escaped + [UInt8(ascii: "\"")])
    return (try? JSONDecoder().decode(String.self, from: quoted)).map { Array($0.utf8) } ?? escaped
  }

  /// FNV-1a.
  static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  // MARK: Members

  /// 48: more members than that are sorted, which takes less than looking at each pair.
  private static let pairedMemberLimit = 48

  /// Of the object that ends: what is declared must be there where something is nearly called so.
  mutating func checkOthers(of place: Int?, from start: Int) throws {
    while let other = others.last, other.depth == open.count {
      try names?.require(other.member, at: place, among: members[start...])
      others.removeLast()
    }
  }

  mutating func checkMembers(from start: Int) throws {
    defer {
      members.removeSubrange(start...)
      memberOffsets.removeSubrange(start...)
    }
    let count = members.count - start
    if count > Self.pairedMemberLimit {
      let sorted = (start..<members.count).sorted { (members[$0], $0) < (members[$1], $1) }
      for (first, second) in zip(sorted, sorted.dropFirst()) where members[first] == members[second] {
        throw twice(second, first)
      }
      return
    }
    for second in start..<members.count {
      for first in start..<second where members[first] == members[second] { throw twice(second, first) }
    }
  }

  private func twice(_ second: Int, _ first: Int) -> Failure {
    Failure(
      what: "an object has a member twice", offset: memberOffsets[second], began: memberOffsets[first],
      advice: "Nothing says which one counts: ask its source.", shown: .member)
  }
}
