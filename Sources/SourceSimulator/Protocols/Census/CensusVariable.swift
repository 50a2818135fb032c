/// The names that the detailed tables of ACS use.
enum CensusVariable {
  /// `B19013_001E`: table (with race letter or PR), line, and E, M, EA or MA.
  static func isKnownShape(_ name: String) -> Bool {
    if name == "NAME" || name == "GEO_ID" { return true }
    let pattern = /[BC]\d{5}[A-I]?(PR)?_\d{3}(E|M|EA|MA)/
    return name.wholeMatch(of: pattern) != nil
  }
}
