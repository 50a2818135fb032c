extension DatasetSpec {
  /// Requests in the order of the file, cut where the rows of one may depend on what those before it brought.
  package var requestStages: [[DatasetRequest]] {
    requests.reduce(into: []) { stages, request in
      if stages.isEmpty || request.rowsFile != nil { stages.append([]) }
      stages[stages.count - 1].append(request)
    }
  }

  /// How many requests one partition sends to each source at least, by the source's id, when nothing is in the cache. It is
  /// more where an answer has several pages, where rows decide what is asked, and where something is asked again.
  ///
  /// - Parameter year: the partition's, since a request may be for some years only; nil counts all of them.
  package func expectedRequestCounts(in year: Int? = nil) -> [String: Int] {
    requests.reduce(into: [:]) { counts, request in
      if let year, !request.isAsked(in: year) { return }
      // The pages of a layer are asked for after its count.
      let each = request.pages?.style == .arcgis ? 2 : 1
      counts[request.sourceID, default: 0] += request.documentCount * each
    }
  }
}
