/// `{"fault": "duplicate_page", "skip": 1, "count": 1}`: what the same path answered last time, whatever is asked now. The
/// first answer after the rule was set is nobody's duplicate.
struct DuplicatePageFault: Fault {
  static let name = "duplicate_page"

  init(_ parameters: inout FaultParameters) throws {}

  func alter(_ response: inout Response, _ context: FaultContext) {
    if let previous = context.previous { response = previous }
  }
}
