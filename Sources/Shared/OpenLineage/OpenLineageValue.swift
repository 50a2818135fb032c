/// JSON to be written.
enum OpenLineageValue: Encodable {
  case text(String)
  case integer(Int)
  case flag(Bool)
  case list([OpenLineageValue])
  case object([String: OpenLineageValue])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .integer(let integer): try container.encode(integer)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    }
  }
}
