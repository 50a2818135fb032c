/// All faults there are.
enum Faults {
  static let all: [any Fault.Type] = [
    ChangedColumnsFault.self, CorruptGzipFault.self, DelayFault.self, DripFault.self, DuplicatePageFault.self,
    EmptyPageFault.self, ErrorBodyFault.self, PartFault.self, RedirectFault.self, ResetFault.self, StallFault.self,
    StatusFault.self,
    TruncateFault.self, WrongLengthFault.self,
  ]
}
