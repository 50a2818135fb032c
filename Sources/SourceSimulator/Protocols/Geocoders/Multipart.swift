/// The fields of a `multipart/form-data` body (RFC 7578).
enum Multipart {
  /// Nil when the body is not one.
  static func fields(_ body: [UInt8], contentType: String) -> [String: [UInt8]]? {
    guard contentType.lowercased().hasPrefix("multipart/form-data"),
      let boundary = parameter("boundary", of: contentType)
    else { return nil }
    let delimiter = Array("--\(boundary)".utf8)
    let blankLine = Array("\r\n\r\n".utf8)
    var fields: [String: [UInt8]] = [:]
    var rest = body[...]
    guard let first = rest.firstRange(of: delimiter) else { return nil }
    rest = rest[first.upperBound...]
    while !rest.starts(with: Array("--".utf8)) {
      guard let next = rest.firstRange(of: Array("\r\n".utf8) + delimiter),
        let headEnd = rest[..<next.lowerBound].firstRange(of: blankLine)
      else { return nil }
      let head = String(decoding: rest[..<headEnd.lowerBound], as: UTF8.self)
      if let name = parameter("name", of: head) { fields[name] = Array(rest[headEnd.upperBound..<next.lowerBound]) }
      rest = rest[next.upperBound...]
    }
    return fields
  }

  /// `name="value"` or `name=value`.
  private static func parameter(_ name: String, of text: String) -> String? {
    for part in text.split(whereSeparator: { $0 == ";" || $0.isNewline }) {
      let halves = part.split(separator: "=", maxSplits: 1)
      guard halves.count == 2, halves[0].filter({ $0 != " " }).lowercased() == name else { continue }
      return String(halves[1].filter { $0 != "\"" && !$0.isNewline })
    }
    return nil
  }
}
