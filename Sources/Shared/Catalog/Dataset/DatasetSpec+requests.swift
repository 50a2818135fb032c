extension DatasetSpec {
  /// Requests in the order of the file, cut where the rows of one may depend on what those before it brought.
  package var requestStages: [[DatasetRequest]] {
    requests.reduce(into: []) { stages, request in
      if stages.isEmpty || request.rowsFile != nil { stages.append([]) }
      stages[stages.count - 1].append(request)
    }
  }

  /// How many requests one partition sends to each source at least, by the source's id (`costs`).
  package func expectedRequestCounts(in year: Int? = nil, region: String? = nil) -> [String: Int] {
    costs(in: year, region: region).reduce(into: [:]) { $0[$1.sourceID] = $1.requestCount }
  }
}
