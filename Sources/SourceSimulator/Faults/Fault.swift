/// One way in which a source misbehaves.
protocol Fault: Sendable {
  /// What rules call it.
  static var name: String { get }

  init(_ parameters: inout FaultParameters) throws

  /// Changes what the source says, before validators, ranges and compression are made of it.
  func alter(_ response: inout Response, _ context: FaultContext) throws

  /// Changes what is sent, and how, at the very end.
  func deliver(_ response: inout Response, _ context: FaultContext) throws
}

extension Fault {
  func alter(_ response: inout Response, _ context: FaultContext) throws {}
  func deliver(_ response: inout Response, _ context: FaultContext) throws {}
}
