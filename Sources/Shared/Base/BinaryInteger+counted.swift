extension BinaryInteger {
  /// A number with what it counts, for people to read: `1 row`, `2 rows`, `0 rows`.
  ///
  /// - Parameter noun: of one; its plural ends in s.
  package func counted(_ noun: String) -> String {
    "\(self) \(noun)\(self == 1 ? "" : "s")"
  }
}
