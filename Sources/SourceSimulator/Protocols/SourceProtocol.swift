/// How one kind of source answers.
protocol SourceProtocol: Sendable {
  /// - Parameter request: its path is what follows `/<source>`.
  /// - Throws: when a recording is not what it should be.
  func answer(_ request: Request, source: String) async throws -> Response
}
