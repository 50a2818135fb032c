package import Fetch
internal import FoundationEssentials

/// Where a build gets its documents from: the sources, or (to reproduce a partition) the cache alone.
package protocol InputSource: Sendable {
  func fetch(_ request: FetchRequest) async throws -> FetchedInput
}

/// From the sources, through the raw cache.
package struct LiveInputs: InputSource {
  private let fetcher: Fetcher

  package init(_ fetcher: Fetcher) {
    self.fetcher = fetcher
  }

  package func fetch(_ request: FetchRequest) async throws -> FetchedInput {
    try await fetcher.fetch(request)
  }
}

/// Documents that were recorded in lineage, by hash; asks no source.
package struct RecordedInputs: InputSource {
  private let recorded: [String: FetchedInput]

  package init(_ recorded: [FetchedInput]) {
    self.recorded = Dictionary(recorded.map { ($0.requestName, $0) }) { first, _ in first }
  }

  package func fetch(_ request: FetchRequest) async throws -> FetchedInput {
    guard let input = recorded[request.name] else {
      throw PipelineError.notReproducible("lineage has no input '\(request.name)'")
    }
    if let path = input.path, !FileManager.default.fileExists(atPath: path) {
      throw PipelineError.notReproducible("the raw cache no longer holds \(input.sha256 ?? path) of \(input.url)")
    }
    return input
  }
}
