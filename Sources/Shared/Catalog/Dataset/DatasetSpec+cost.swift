/// Partitions of which a run is made: of one year and region, or so many of them together.
package struct PartitionCount: Sendable {
  package var year: Int?
  package var region: String?
  package var tasks: Int
  package var years: Int
  package var regions: Int

  /// - Parameters:
  ///   - year: nil for several.
  ///   - region: likewise.
  package init(year: Int?, region: String?, tasks: Int, years: Int = 1, regions: Int = 1) {
    (self.year, self.region, self.tasks, self.years, self.regions) = (year, region, tasks, years, regions)
  }
}

extension DatasetSpec {
  /// What these partitions ask of each source, when nothing of it is in the cache. A document that several of them read is
  /// asked for once.
  ///
  /// - Returns: in the order of `sourceIDs`.
  package func costs(of parts: [PartitionCount]) -> [SourceCost] {
    var costs: [SourceCost] = []
    for request in requests {
      let index = costs.firstIndex { $0.sourceID == request.sourceID } ?? costs.count
      if index == costs.count { costs.append(SourceCost(sourceID: request.sourceID)) }
      let varies = variation(of: request)
      var seen: Set<[String]> = []
      for part in parts {
        if let year = part.year, !request.isAsked(in: year, part.region) { continue }
        let year = varies.byYear ? part.year.map(String.init) ?? "" : ""
        guard seen.insert([year, varies.byRegion ? part.region ?? "" : ""]).inserted else { continue }
        let apart = (varies.byYear ? part.years : 1) * (varies.byRegion ? part.regions : 1)
        costs[index].add(request, times: min(part.tasks, apart))
      }
    }
    return costs.filter { $0.requestCount > 0 || $0.isLeast }
  }

  /// How many requests one partition sends to each source at least, by the source's id.
  package func expectedRequestCounts(in year: Int? = nil, region: String? = nil) -> [String: Int] {
    costs(of: [PartitionCount(year: year, region: region, tasks: 1)]).reduce(into: [:]) {
      $0[$1.sourceID] = $1.requestCount
    }
  }

  /// Of a year as the newest ones are, in all regions that are built unless told.
  package var yearlyCosts: [SourceCost] {
    // As far off as no source's last layout ends.
    let year = lastYear ?? 2100
    return costs(of: regionsUnlessTold.map { PartitionCount(year: year, region: $0, tasks: 1) })
  }

  private var regionsUnlessTold: [String] { isSplit ? regions : [""] }

  /// The country and its whole history. Pages are the same whenever they are made, so that it ends with a stated year.
  package var fullRun: FullRun {
    let last = lastYear ?? max(firstYear, FullRun.lastYear)
    let parts = (firstYear...last).flatMap { year in
      country.map { [PartitionCount(year: year, region: nil, tasks: $0.regionCount, regions: $0.regionCount)] }
        ?? regionsUnlessTold.map { PartitionCount(year: year, region: $0, tasks: 1) }
    }
    return FullRun(
      firstYear: firstYear, lastYear: last, partitionCount: parts.reduce(0) { $0 + $1.tasks }, costs: costs(of: parts))
  }

  /// Whether what is asked for differs by year, and by region: by the placeholders, and by what selects the rows, which
  /// may read other requests.
  private func variation(of request: DatasetRequest) -> (byYear: Bool, byRegion: Bool) {
    let names = request.placeholders
    var varies = (
      byYear: names.contains { ["data_year", "yy", "as_of"].contains($0) }, byRegion: names.contains("region")
    )
    guard let sql = rowsSQL(of: request) else { return varies }
    let readsPublished = sql.contains("published.")
    varies.byYear = varies.byYear || readsPublished || sql.contains("data_year")
    varies.byRegion = varies.byRegion || isSplit && readsPublished || sql.contains("'region'")
    for match in sql.matches(of: /\braw\."?([a-z][a-z0-9_]*)/) {
      // Those before it alone: what a file of rows may read, and no circle.
      for other in requests.prefix(while: { $0.name != request.name }) where other.name == String(match.1) {
        let others = variation(of: other)
        varies = (varies.byYear || others.byYear, varies.byRegion || others.byRegion)
      }
    }
    return varies
  }
}
