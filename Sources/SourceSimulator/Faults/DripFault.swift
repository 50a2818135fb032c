/// `{"fault": "drip", "bytes_per_second": 100}`: the body comes slowly.
struct DripFault: Fault {
  static let name = "drip"

  private let bytesPerSecond: Int

  init(_ parameters: inout FaultParameters) throws {
    guard let number = try parameters.integer("bytes_per_second", in: 1...1 << 40) else {
      throw FaultError("bytes_per_second is missing")
    }
    bytesPerSecond = number
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.delivery.bytesPerSecond = bytesPerSecond
  }
}
