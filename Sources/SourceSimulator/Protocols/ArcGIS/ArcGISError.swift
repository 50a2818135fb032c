/// What an ArcGIS server says about a query that it does not take.
struct ArcGISError: Error {
  var message: String

  init(_ message: String) {
    self.message = message
  }
}
