import NIOHTTP1

/// `{"fault": "wrong_length", "by": -10}`: Content-Length is that much more or less than what is sent.
struct WrongLengthFault: Fault {
  static let name = "wrong_length"

  private let difference: Int

  init(_ parameters: inout FaultParameters) throws {
    difference = try parameters.integer("by", in: -(1 << 40)...1 << 40) ?? 10
    guard difference != 0 else { throw FaultError("by must not be 0") }
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.headers.replaceOrAdd(name: "Content-Length", value: String(max(0, response.body.byteCount + difference)))
    response.delivery.end = .close(afterByteCount: response.body.byteCount)
  }
}
