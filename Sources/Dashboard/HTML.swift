internal import Base

/// Markup. What is put into it is escaped, unless it is markup itself: this is the one place where a text becomes HTML.
///
///     let row: HTML = "<td title=\"\(reason)\">\(name)</td>"
///
/// Attributes stand in double quotes always. Addresses are made by `Site`.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
  package private(set) var text: String

  package init(stringLiteral value: String) { text = value }

  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  package init(_ parts: [HTML]) { text = parts.reduce(into: "") { $0 += $1.text } }

  /// Of a text that somebody wrote.
  package init(escaping text: String) {
    self.text = ""
    Self.escape(text, into: &self.text)
  }

  /// Of a text that is given back to whoever wrote it, as it was, within an element that holds text alone.
  package init(unchanged text: String) {
    self.text = ""
    for scalar in text.unicodeScalars where scalar != "\0" { Self.append(scalar, to: &self.text) }
  }

  package static let empty: HTML = ""

  package static func += (html: inout HTML, more: HTML) { html.text += more.text }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 24)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ value: String) { HTML.escape(value, into: &text) }
    package mutating func appendInterpolation(_ value: some BinaryInteger) { text += String(value) }
    package mutating func appendInterpolation(_ value: HTML) { text += value.text }
    package mutating func appendInterpolation(_ values: [HTML]) { for value in values { text += value.text } }
    /// Nothing where there is none.
    package mutating func appendInterpolation(_ value: HTML?) { if let value { text += value.text } }
    package mutating func appendInterpolation(_ value: String?) { if let value { HTML.escape(value, into: &text) } }
  }

  /// What would move a cursor, turn the direction of writing or hide is seen as its escape; so long a text is cut.
  private static func escape(_ value: String, into text: inout String) {
    if value.utf8.count <= OutsideText.byteLimit, value.utf8.allSatisfy(isPlain) {
      text += value
      return
    }
    for scalar in OutsideText.lines(value).unicodeScalars { append(scalar, to: &text) }
  }

  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "&": text += "&amp;"
    case "<": text += "&lt;"
    case ">": text += "&gt;"
    case "\"": text += "&quot;"
    case "'": text += "&#39;"
    default: text.unicodeScalars.append(scalar)
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
    default: byte >= 0x20 && byte < 0x7F
    }
  }
}
