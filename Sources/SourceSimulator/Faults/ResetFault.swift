/// `{"fault": "reset", "after_bytes": 1000}`: TCP RST in the body (half way, unless told), or with
/// `"before_answer": true` before the first byte.
struct ResetFault: Fault {
  static let name = "reset"

  private let afterBytes: Int?
  private let beforeAnswer: Bool

  init(_ parameters: inout FaultParameters) throws {
    afterBytes = try parameters.integer("after_bytes")
    beforeAnswer = try parameters.flag("before_answer") ?? false
    guard afterBytes == nil || !beforeAnswer else { throw FaultError("after_bytes or before_answer, not both") }
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.delivery.end =
      beforeAnswer ? .resetBeforeAnswer : .reset(afterByteCount: afterBytes ?? response.body.byteCount / 2)
  }
}
