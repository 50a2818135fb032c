extension DatasetSpec {
  /// How many requests one partition sends to each source at least, by the source's id, when nothing is in the cache. It is
  /// more where an answer has several pages, where rows decide what is asked, and where something is asked again.
  package func expectedRequestCounts() -> [String: Int] {
    requests.reduce(into: [:]) { counts, request in
      // The pages of a layer are asked for after its count.
      let each = request.pages?.style == .arcgis ? 2 : 1
      counts[request.sourceID, default: 0] += request.documentCount * each
    }
  }
}
