/// An answer on its way out.
struct Exchange: Sendable {
  var response: Response
  /// Its line in the log; nil for the simulator's own pages.
  var logNumber: Int?

  init(_ response: Response, logNumber: Int? = nil) {
    self.response = response
    self.logNumber = logNumber
  }
}
