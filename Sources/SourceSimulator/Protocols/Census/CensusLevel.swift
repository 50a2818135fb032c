/// A level of the Census API's `for=`: how it is named there, in the answer's last columns and among the recordings.
struct CensusLevel: Sendable {
  var name: String
  /// Appended to the asked columns.
  var geographyColumns: [String]
  /// `<year>/<fileName>` below `recordings/census_acs5`.
  var fileName: String
  /// The levels that `in=` may name.
  var containers: Set<String>

  static let all = [
    CensusLevel(name: "us", geographyColumns: ["us"], fileName: "us.json", containers: []),
    CensusLevel(name: "state", geographyColumns: ["state"], fileName: "state.json", containers: []),
    CensusLevel(name: "county", geographyColumns: ["state", "county"], fileName: "county.json", containers: ["state"]),
    CensusLevel(name: metro, geographyColumns: [metro], fileName: "metro.json", containers: []),
  ]

  private static let metro = "metropolitan statistical area/micropolitan statistical area"
}
