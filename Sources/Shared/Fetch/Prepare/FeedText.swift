internal import CLibxml2

/// A feed's text in UTF-8 with what XML itself does not know put right: names of HTML's entities (`&nbsp;`), which feeds use
/// without declaring them, an ampersand that begins nothing (`AT&T`), blank lines before the XML declaration, and control
/// characters, which no XML may hold. Each can mean one thing only, and would else cost the whole feed. What a document
/// declares itself, CDATA, comments and its DTD are left as they are.
enum FeedText {
  /// 32 MiB: larger ones are read as they came.
  static let byteLimit = 32 << 20
  /// Longer than the name of any entity.
  private static let nameLimit = 32
  private static let known: Set<String> = ["amp", "lt", "gt", "quot", "apos"]

  /// - Returns: nil where nothing is to be put right.
  /// - Throws: `FeedReader.Failure.unknownEntity`, of which a parser would leave out what it stands for, or `.misdeclared`.
  static func repaired(_ bytes: [UInt8]) throws -> [UInt8]? {
    let decoded = try decoded(bytes)
    var bytes = decoded ?? bytes
    let start = declarationStart(bytes)
    bytes.removeFirst(start)
    var isChanged = start > 0 || decoded != nil
    for index in bytes.indices where isControl(bytes[index]) {
      bytes[index] = 0x20
      isChanged = true
    }
    guard bytes.contains(UInt8(ascii: "&")) else { return isChanged ? bytes : nil }
    let declared = declaredNames(bytes)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 64)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "<"), let end = opaqueEnd(bytes, index) {
        result += bytes[index..<end]
        index = end
        continue
      }
      guard byte == UInt8(ascii: "&") else {
        result.append(byte)
        index += 1
        continue
      }
      switch reference(bytes, index) {
      case .number(let value, let end):
        if let value, !isCharacter(value) {
          result.append(0x20)
          isChanged = true
        } else {
          result += bytes[index..<end]
        }
        index = end
      case .name(let name, let end) where known.contains(name) || declared.contains(name):
        result += bytes[index..<end]
        index = end
      case .name(let name, let end):
        guard let value = htmlValue(name) else {
          throw FeedReader.Failure.unknownEntity(name, line: 1 + bytes[..<index].count { $0 == 0x0A })
        }
        result += Array("&#\(value);".utf8)
        isChanged = true
        index = end
      case .none:
        result += Array("&amp;".utf8)
        isChanged = true
        index += 1
      }
    }
    return isChanged ? result : nil
  }

  /// The text in UTF-8, and said to be; nil where it says that it is UTF-8, or says nothing.
  private static func decoded(_ bytes: [UInt8]) throws -> [UInt8]? {
    if TextEncoding.isWide(bytes) {
      // What it is not, the parser finds.
      guard let text = try? TextReader.decoded(bytes, from: TextEncoding.likely(bytes)) else { return nil }
      return declaration(text).map { replaced($0.encoding, in: text) } ?? text
    }
    guard let (declared, name) = declaration(bytes).map({ ($0.encoding, $0.name) }), !TextEncoding.isUTF8(name),
      name.lowercased() != "us-ascii"
    else { return nil }
    if name.lowercased().hasPrefix("utf-16") || name.lowercased().hasPrefix("utf-32") {
      throw FeedReader.Failure.misdeclared("it is no \(name), as it says")
    }
    if TextEncoding.isSingleByte(name), bytes.contains(where: { $0 >= 0x80 }), UTF8Check.isValid(bytes) {
      throw FeedReader.Failure.misdeclared("it is UTF-8, and says \(name.lowercased())")
    }
    do {
      return replaced(declared, in: try TextReader.decoded(bytes, from: name))
    } catch let failure as TextReader.Failure {
      throw FeedReader.Failure.misdeclared("it says that it is \(name): \(failure.summary)")
    }
  }

  /// What the XML declaration says, all in ASCII, and where it says it.
  private static func declaration(_ bytes: [UInt8]) -> (name: String, encoding: Range<Int>)? {
    let start = declarationStart(bytes)
    guard let beginning = bytes.dropFirst(start).prefix(declarationLimit).firstRange(of: Array("<?xml".utf8)),
      let end = bytes[beginning.upperBound...].prefix(declarationLimit).firstIndex(of: UInt8(ascii: "?")),
      let word = bytes[beginning.upperBound..<end].firstRange(of: Array("encoding".utf8)),
      let quote = bytes[word.upperBound..<end].firstIndex(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }
      ),
      let close = bytes[(quote + 1)..<end].firstIndex(of: bytes[quote])
    else { return nil }
    return (String(decoding: bytes[(quote + 1)..<close], as: UTF8.self), (quote + 1)..<close)
  }

  /// A declaration has a version, an encoding and a word more.
  private static let declarationLimit = 200

  private static func replaced(_ place: Range<Int>, in bytes: [UInt8]) -> [UInt8] {
    Array(bytes[..<place.lowerBound]) + Array("UTF-8".utf8) + bytes[place.upperBound...]
  }

  /// Letters and marks that Windows has where Latin-1 and Unicode have control characters, which no text means: `&#146;` is ’.
  static func withoutWindowsControls(_ text: String) -> String {
    if !text.unicodeScalars.contains(where: { (0x80...0x9F).contains($0.value) }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      result.append((0x80...0x9F).contains(scalar.value) ? windowsLetters[Int(scalar.value - 0x80)] : scalar)
    }
    return String(result)
  }

  /// Of the bytes 0x80 to 0x9F; five have none.
  private static let windowsLetters = Array(
    "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)

  /// Where the XML declaration begins, if nothing but space is before it; 0 where it does, or where there is none.
  private static func declarationStart(_ bytes: [UInt8]) -> Int {
    let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let space = bytes[mark...].prefix { $0 == 32 || (9...13).contains($0) }.count
    return space > 0 && begins(bytes, mark + space, "<?xml") ? mark + space : 0
  }

  private static func isControl(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
  }

  /// Whether XML may hold it.
  private static func isCharacter(_ value: UInt32) -> Bool {
    value >= 0x20 ? Unicode.Scalar(value) != nil && value & 0xFFFE != 0xFFFE : [9, 10, 13].contains(value)
  }

  private enum Reference {
    /// No number where it is none that a parser knows.
    case number(UInt32?, Int)
    case name(String, Int)
    case none
  }

  /// What begins at an ampersand, and where it ends.
  private static func reference(_ bytes: [UInt8], _ start: Int) -> Reference {
    var end = start + 1
    let limit = min(bytes.count, start + nameLimit)
    while end < limit, isName(bytes[end]) || end == start + 1 && bytes[end] == UInt8(ascii: "#") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: ";"), end > start + 1 else { return .none }
    let name = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
    if name.hasPrefix("#") {
      return .number(name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst()), end + 1)
    }
    return name.first?.isLetter == true ? .name(name, end + 1) : .none
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: byte >= 0x80
    }
  }

  /// The end of CDATA, a comment, an instruction or the document's DTD that begins here; nil for anything else.
  private static func opaqueEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    for (opening, closing) in [("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>")] where begins(bytes, start, opening)
    {
      return find(bytes, closing, from: start + opening.utf8.count) ?? bytes.count
    }
    guard begins(bytes, start, "<!DOCTYPE") else { return nil }
    let plain = find(bytes, ">", from: start) ?? bytes.count
    guard bytes[start..<plain].contains(UInt8(ascii: "[")) else { return plain }
    return find(bytes, "]", from: start).flatMap { find(bytes, ">", from: $0) } ?? bytes.count
  }

  /// Those whose text is in the document: not what a file or an address is said to hold.
  private static func declaredNames(_ bytes: [UInt8]) -> Set<String> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
    var names: Set<String> = []
    var place = 0
    while let end = find(bytes, "<!ENTITY", from: place) {
      let name = bytes[end...].drop(while: isSpace).prefix(nameLimit).prefix(while: isName)
      let value = bytes[name.endIndex...].drop(while: isSpace).first
      if value == UInt8(ascii: "\"") || value == UInt8(ascii: "'") {
        names.insert(String(decoding: name, as: UTF8.self))
      }
      place = end
    }
    return names
  }

  private static func begins(_ bytes: [UInt8], _ start: Int, _ text: String) -> Bool {
    bytes[start...].starts(with: text.utf8)
  }

  /// Where `text` ends, at or after `start`.
  private static func find(_ bytes: [UInt8], _ text: String, from start: Int) -> Int? {
    let wanted = Array(text.utf8)
    var index = start
    while index + wanted.count <= bytes.count {
      if bytes[index] == wanted[0], bytes[index..<(index + wanted.count)].elementsEqual(wanted) {
        return index + wanted.count
      }
      index += 1
    }
    return nil
  }

  private static func htmlValue(_ name: String) -> UInt32? {
    let value = Array((name + "\0").utf8).withUnsafeBufferPointer { aker_html_character($0.baseAddress) }
    return value == 0 ? nil : value
  }
}
