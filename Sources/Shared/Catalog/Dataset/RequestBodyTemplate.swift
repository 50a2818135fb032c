internal import FoundationEssentials

/// A JSON value with placeholders in its texts.
package indirect enum RequestBodyTemplate: Sendable, Equatable {
  /// A number, `true`, `false` or `null`, as it is sent.
  case literal(String)
  case text(String)
  case list([RequestBodyTemplate])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: RequestBodyTemplate
  }

  /// Every text in it.
  var texts: [String] {
    switch self {
    case .literal: []
    case .text(let text): [text]
    case .list(let elements): elements.flatMap(\.texts)
    case .object(let members): members.flatMap(\.value.texts)
    }
  }

  /// The JSON to send, members in the declared order.
  ///
  /// - Parameters:
  ///   - groups: values of the variables that are asked in groups. A text that is just such a placeholder becomes a list.
  ///   - fill: replaces the placeholders of a text.
  package func json(groups: [String: [String]], fill: (String) -> String) throws -> String {
    switch self {
    case .literal(let text): return text
    case .text(let text):
      if text.hasPrefix("{"), text.hasSuffix("}"), let values = groups[String(text.dropFirst().dropLast())] {
        return "[" + (try values.map(Self.quoted).joined(separator: ",")) + "]"
      }
      return try Self.quoted(fill(text))
    case .list(let elements):
      return "[" + (try elements.map { try $0.json(groups: groups, fill: fill) }.joined(separator: ",")) + "]"
    case .object(let members):
      return "{"
        + (try members.map { try Self.quoted($0.name) + ":" + $0.value.json(groups: groups, fill: fill) }
          .joined(separator: ",")) + "}"
    }
  }

  private static func quoted(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}
