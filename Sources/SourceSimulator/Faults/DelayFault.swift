/// `{"fault": "delay", "seconds": 2}`: nothing is heard for a while, then the whole answer.
struct DelayFault: Fault {
  static let name = "delay"

  private let duration: Duration

  init(_ parameters: inout FaultParameters) throws {
    guard let seconds = try parameters.number("seconds", in: 0...86_400) else { throw FaultError("seconds is missing") }
    duration = .seconds(seconds)
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.delivery.delay += duration
  }
}
