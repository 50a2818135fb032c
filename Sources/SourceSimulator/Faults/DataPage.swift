import NIOHTTP1

/// An answer as rows and columns, whatever it is written in.
enum DataPage: Sendable {
  /// JSON: a table (array of arrays) or records somewhere inside.
  case json(JSONValue)
  case delimited(DelimitedPage)

  init(_ response: Response) throws {
    let bytes = try response.body.read(0..<response.body.byteCount)
    let type = response.headers.first(name: "Content-Type") ?? ""
    self = type.contains("json") ? .json(try JSONValue(parsing: bytes)) : .delimited(DelimitedPage(bytes))
  }

  func emptied() -> DataPage {
    switch self {
    case .json(let value): .json(value.emptied())
    case .delimited(let page): .delimited(page.emptied())
    }
  }

  func changed(_ change: ColumnChange) -> DataPage {
    switch self {
    case .json(let value): .json(value.changed(change))
    case .delimited(let page): .delimited(page.changed(change))
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .json(let value): Array(value.text.utf8)
    case .delimited(let page): page.bytes
    }
  }
}
