internal import Base
internal import Console
internal import FoundationEssentials
internal import HTTPTypes

/// Reads a request's parameters and body as its operation has them; what does not fit is refused with the reason.
struct RequestReader {
  private let operation: Operation

  /// Characters of an Idempotency-Key; what service.idempotency takes.
  static let keyLimit = 200

  init(_ operation: Operation) {
    self.operation = operation
  }

  /// - Throws: `Problem` 404 for a number in the path that is none, 415, or 422.
  func read(_ asked: Desk.Asked) throws -> (values: [String: JSONValue], body: JSONValue) {
    var values: [String: JSONValue] = [:]
    for parameter in operation.parameters where parameter.place == .path {
      let text = asked.path[parameter.name] ?? ""
      values[parameter.name] = try value(text, parameter, otherwise: .notFound)
    }
    for (name, text) in asked.query {
      guard let parameter = operation.parameters.first(where: { $0.place == .query && $0.name == name }) else {
        let known = operation.parameters.filter { $0.place == .query }.map(\.name).joined(separator: ", ")
        throw Problem(
          .unprocessableContent, "there is no parameter '\(OutsideText.line(name))'",
          hint: known.isEmpty ? "There are none here." : "There are \(known).")
      }
      if values[name] != nil { throw Problem(.unprocessableContent, "'\(name)' is given twice") }
      values[name] = try value(text, parameter, otherwise: .unprocessableContent)
    }
    if operation.kind == .act, let key = asked.head.headerFields[.idempotencyKey],
      !(1...Self.keyLimit).contains(key.unicodeScalars.count)
    {
      throw Problem(.unprocessableContent, "the Idempotency-Key has 1 to \(Self.keyLimit) characters")
    }
    return (values, try body(asked))
  }

  private func value(
    _ text: String, _ parameter: Operation.Parameter, otherwise status: HTTPResponse.Status
  ) throws -> JSONValue {
    // Numbers are written as in a body.
    let value: JSONValue =
      switch parameter.schema {
      case .integer, .number, .boolean:
        text.contains(where: \.isWhitespace) ? .string(text) : JSONValue.parse(text.utf8) ?? .string(text)
      // Sent as JSON.
      case .map, .record, .some, .either: JSONValue.parse(text.utf8) ?? .string(text)
      default: .string(text)
      }
    if let mistake = parameter.schema.mistake(in: value, at: "'\(parameter.name)'") {
      throw Problem(status, "\(mistake): '\(OutsideText.line(text))'")
    }
    return value
  }

  private func body(_ asked: Desk.Asked) throws -> JSONValue {
    guard let schema = operation.body else { return .object([:]) }
    // Browsers send nothing but forms and plain text to other sites unasked.
    let type = asked.head.headerFields[.contentType]?.lowercased() ?? ""
    guard type.split(separator: ";").first.map(String.init) == "application/json" else {
      throw Problem(.unsupportedMediaType, "the body is to be JSON", hint: "Send Content-Type: application/json")
    }
    guard let value = JSONValue.parse(asked.body.utf8) else { throw Problem(.badRequest, "the body is no JSON") }
    if let mistake = schema.mistake(in: value) { throw Problem(.unprocessableContent, mistake) }
    return value
  }
}
