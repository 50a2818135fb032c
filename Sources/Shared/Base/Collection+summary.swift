extension Collection where Element: StringProtocol {
  /// The first few, and how many more there are: `a, b, c and 20 more`.
  ///
  /// - Parameter most: how many are named at most.
  package func summary(naming most: Int = 3, separator: String = ", ") -> String {
    prefix(most).joined(separator: separator) + (count > most ? " and \(count - most) more" : "")
  }
}
