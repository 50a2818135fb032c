/// A protocol that is recognised by its paths.
protocol PathProtocol: SourceProtocol {
  func claims(_ request: Request) -> Bool
}
