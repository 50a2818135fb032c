/// What the Census API says about a query that it does not take.
struct CensusQueryError: Error {
  var message: String

  init(_ message: String) {
    self.message = message
  }
}
