/// What partitions ask of one source, when nothing of it is in the cache.
package struct SourceCost: Sendable, Equatable {
  package var sourceID: String
  package var requestCount = 0
  /// Whether it may be more: answers in pages, and requests that rows decide on.
  package var isLeast = false
  /// What documents of declared sizes have together.
  package var byteCount: Int64 = 0
  /// Whether each of its requests declares a size.
  package var isSized = true

  package init(sourceID: String) {
    self.sourceID = sourceID
  }

  /// How long so many requests take at the source's rate; nil without one.
  package func seconds(_ limit: SourceDefinition.RateLimit) -> Double? {
    let rate = limit.requestsPerSecond.map { max(0, Double(requestCount - (limit.burst ?? 1))) / $0 }
    guard let perDay = limit.perDay, requestCount > perDay else { return rate }
    return Double((requestCount - 1) / perDay) * 86_400
  }
}

extension DatasetSpec {
  /// - Parameters:
  ///   - year: nil counts the requests of all years together.
  ///   - region: likewise.
  ///   - partitionCount: so many such partitions.
  /// - Returns: in the order of `sourceIDs`.
  package func costs(in year: Int?, region: String?, partitionCount: Int = 1) -> [SourceCost] {
    var costs: [SourceCost] = []
    for request in requests {
      if let year, !request.isAsked(in: year, region) { continue }
      let index = costs.firstIndex { $0.sourceID == request.sourceID } ?? costs.count
      if index == costs.count { costs.append(SourceCost(sourceID: request.sourceID)) }
      // The pages of a layer are asked for after its count.
      let each = request.pages?.style == .arcgis ? 2 : 1
      costs[index].requestCount += request.documentCount * each * partitionCount
      costs[index].isLeast = costs[index].isLeast || request.pages != nil || request.rowsFile != nil
      if let megabytes = request.megabytes {
        costs[index].byteCount += Int64(megabytes * 1e6) * Int64(request.documentCount * partitionCount)
      } else {
        costs[index].isSized = false
      }
    }
    return costs
  }

  /// Of a year as the newest ones are, in all regions that are built unless told.
  package var yearlyCosts: [SourceCost] {
    // As far off as no source's last layout ends.
    let year = lastYear ?? 2100
    var total: [SourceCost] = []
    for cost in (isSplit ? regions : [""]).flatMap({ costs(in: year, region: $0) }) {
      if let index = total.firstIndex(where: { $0.sourceID == cost.sourceID }) {
        total[index].requestCount += cost.requestCount
        total[index].byteCount += cost.byteCount
        total[index].isLeast = total[index].isLeast || cost.isLeast
        total[index].isSized = total[index].isSized && cost.isSized
      } else {
        total.append(cost)
      }
    }
    return total
  }
}
