/// `{"fault": "stall", "after_bytes": 1000}`: the body stops there, for `seconds` or until the client gives up.
struct StallFault: Fault {
  static let name = "stall"

  private let afterBytes: Int
  private let duration: Duration?

  init(_ parameters: inout FaultParameters) throws {
    afterBytes = try parameters.integer("after_bytes") ?? 0
    duration = try parameters.number("seconds", in: 0...86_400).map { .seconds($0) }
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.delivery.stall = Delivery.Stall(afterByteCount: afterBytes, duration: duration)
  }
}
