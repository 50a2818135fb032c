extension DatasetSpec {
  /// Requests in the order of the file, cut where the rows of one may depend on what those before it brought.
  package var requestStages: [[DatasetRequest]] {
    requests.reduce(into: []) { stages, request in
      if stages.isEmpty || request.rowsFile != nil { stages.append([]) }
      stages[stages.count - 1].append(request)
    }
  }
}
