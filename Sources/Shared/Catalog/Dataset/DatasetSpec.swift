/// A dataset as its folder declares it: what is asked of the sources, what is published, and what must hold.
package struct DatasetSpec: Sendable {
  /// At most this many characters, so that names of warehouse partitions, with year and region, fit Postgres' 63.
  package static let nameLimit = 40

  package var name: String
  package var title: String
  package var description: String
  package var owner: String
  package var firstYear: Int
  /// Nil while it is still published.
  package var lastYear: Int?
  /// What a year is cut into, unless a backfill asks for others; empty when it is not.
  package var regions: [String]
  /// Regular expression of the regions beside these that may be asked for.
  package var otherRegionsPattern: String?
  /// The whole country, where the regions that are built unless told are less of it.
  package var country: WholeCountry?
  package var isSplit: Bool
  package var dependsOn: [String]
  package var requests: [DatasetRequest]
  package var columns: [DatasetColumn]
  package var key: [String]
  /// Besides the key and `geo_id`, which have one.
  package var indexes: [DatasetIndex] = []
  package var checks: [DatasetCheck]
  /// What a reader of a long series must know: where figures before and after are not the same thing.
  package var knownBreaks: [String]
  /// Vintages of a partition that the lake keeps, newest first; nil for all.
  package var keptVintageCount: Int?
  /// How people look over its rows; nil where nobody does.
  package var review: DatasetReview?

  /// The files as they were read, from which the hash is made.
  package var datasetYAML: String
  package var transformSQL: String
  /// Further SQL files: those that requests select their rows by, by name, and macros as `macros/<name>.sql`.
  package var otherSQL: [String: String] = [:]
  /// The files of DuckDB macros that its SQL uses, without `.sql`, in the order in which they are created.
  package var macroNames: [String]

  /// The sources asked, the primary one (of the first request) first.
  package var sourceIDs: [String] {
    var seen: [String] = []
    for request in requests where !seen.contains(request.sourceID) { seen.append(request.sourceID) }
    return seen
  }

  /// In words: `2019`, `2010-2020`, or `from 2009` where there is no last one.
  package var yearsText: String {
    guard let lastYear else { return "from \(firstYear)" }
    return lastYear == firstYear ? "\(firstYear)" : "\(firstYear)-\(lastYear)"
  }

  package func contains(year: Int) -> Bool {
    year >= firstYear && lastYear.map { year <= $0 } ?? true
  }

  package func contains(region: String) -> Bool {
    if regions.contains(region) { return true }
    guard let otherRegionsPattern, Self.isRegion(region) else { return false }
    // Read with the definition, which refuses one that is none.
    return (try? Regex(otherRegionsPattern).wholeMatch(in: region)) != nil
  }

  /// Whether its SQL reads what it has published before, as `published.<its own name>`.
  package var readsItself: Bool {
    ([transformSQL] + otherSQL.values).contains { sql in
      sql.matches(of: /\bpublished\s*\.\s*"?([a-z][a-z0-9_]*)/.ignoresCase()).contains { $0.1.lowercased() == name }
    }
  }

  /// What the queue counts as a source of its tasks where it reads itself, of which one runs at a time: each is to see what
  /// the one before published.
  package var selfSourceID: String? { readsItself ? "published.\(name)" : nil }

  /// Datasets that only checks compare with, and nothing waits for: where one has not published the year, its checks have
  /// nothing to say.
  package var comparedDatasets: [String] {
    var seen: [String] = []
    for name in checks.compactMap(\.dataset) where !dependsOn.contains(name) && !seen.contains(name) {
      seen.append(name)
    }
    return seen
  }

  /// What decides which rows `request` is made for; nil where nothing does.
  package func rowsSQL(of request: DatasetRequest) -> String? {
    request.rowsFile.flatMap { otherSQL[$0] }
  }

  /// 120 KiB: Linux passes arguments of up to 128 KiB, and the statement around a query has the dataset's columns.
  package static func tooLong(_ sql: String) -> String? {
    let limit = 122_880
    guard sql.utf8.count > limit else { return nil }
    return "a file of SQL may have \(limit / 1024) KiB, and this has \(sql.utf8.count / 1024)"
  }

  package static func macroFile(_ name: String) -> String { "macros/\(name).sql" }

  package var hasGeometry: Bool { columns.contains { $0.type == .geometry } }

  package func column(_ name: String) -> DatasetColumn? {
    columns.first { $0.name == name }
  }
}
