/// `geocoder/addresses.csv`: what the Census geocoder found for an address.
actor RecordedAddresses {
  struct Address: Sendable {
    /// `Match`, `Tie` or `No_Match`.
    var result: String
    var matchType: String
    var matchedAddress: String
    var longitude: String
    var latitude: String
    var lineID: String
    var side: String
    /// State, county, tract and block, for the geographies.
    var geography: [String]
  }

  private let path: String
  private var stamp: Files.Stamp?
  private var addresses: [String: Address] = [:]

  init(path: String) {
    self.path = path
  }

  /// By `key`; empty when nothing was recorded.
  func all() throws -> [String: Address] {
    guard let current = Files.stamp(path), let bytes = Files.read(path) else { return [:] }
    guard current != stamp else { return addresses }
    let table = try CSVTable(
      bytes, path: path, requiring: ["street", "city", "state", "zip", "result", "matched_address", "lon", "lat"])
    addresses = [:]
    for row in table.rows {
      let key = Self.key(["street", "city", "state", "zip"].map { row[$0] ?? "" })
      addresses[key] = Address(
        result: row["result"] ?? "", matchType: row["match_type"] ?? "Exact",
        matchedAddress: row["matched_address"] ?? "", longitude: row["lon"] ?? "", latitude: row["lat"] ?? "",
        lineID: row["tigerline_id"] ?? "", side: row["side"] ?? "",
        geography: ["state_fips", "county_fips", "tract", "block"].map { row[$0] ?? "" })
    }
    stamp = current
    return addresses
  }

  /// Case, padding and punctuation do not matter.
  static func key(_ parts: [String]) -> String {
    parts.joined(separator: " ").uppercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
  }
}
