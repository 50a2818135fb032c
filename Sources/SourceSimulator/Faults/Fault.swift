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

/// What a fault may look at.
struct FaultContext: Sendable {
  var request: Request
  var source: String
  /// What the same path answered before, whatever its query was; kept only while a rule needs it.
  var previous: Response?
}

/// A fault, or a page it is used on, makes no sense; the message is for who wrote the test.
struct FaultError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) {
    self.description = description
  }
}

/// All faults there are.
enum Faults {
  static let all: [any Fault.Type] = [
    ChangedColumnsFault.self, CorruptGzipFault.self, DelayFault.self, DripFault.self, DuplicatePageFault.self,
    EmptyPageFault.self, ErrorBodyFault.self, RedirectFault.self, ResetFault.self, StallFault.self, StatusFault.self,
    TruncateFault.self, WrongLengthFault.self,
  ]
}
