package import Catalog
package import Fetch
internal import FoundationEssentials
internal import HTTP
internal import Synchronization

/// Where a build gets its documents from: the sources, or (to reproduce a partition) the cache alone.
package protocol InputSource: Sendable {
  /// All documents of the requests, in the declared order, whatever the order of the answers.
  ///
  /// - Parameter rows: selects what a request with `rows` is made for; not called where nothing is asked.
  func fetch(
    _ requests: [DatasetRequest], for partition: Partition,
    rows: @Sendable (DatasetRequest) async throws -> SelectedRows
  ) async throws -> [FetchedInput]

  /// Hears that what these documents hold was refused.
  func suspect(_ inputs: [FetchedInput]) async
}

/// From the sources, through the raw cache.
package struct LiveInputs: InputSource {
  private let fetcher: Fetcher

  package init(_ fetcher: Fetcher) {
    self.fetcher = fetcher
  }

  /// 8: enough to keep a source busy that takes a second to answer 5 requests/s, and few enough for 16 slots of a host.
  private static let maximumConcurrentDocuments = 8

  package func fetch(
    _ requests: [DatasetRequest], for partition: Partition,
    rows: @Sendable (DatasetRequest) async throws -> SelectedRows
  ) async throws -> [FetchedInput] {
    var documents: [DocumentRequest] = []
    for request in requests {
      // The last one to ask, where it is wanted: what is not enabled is not asked, and no row is selected for it.
      if request.isOptional, request.rowsFile != nil, !fetcher.isEnabled(request.sourceID) { continue }
      let selected = request.rowsFile == nil ? nil : try await rows(request)
      documents += try request.documents(for: partition, selected)
    }
    // The first failure ends the attempt, and cuts off nothing that is under way: its request was paid for, and what it
    // brings is not asked for again.
    let failure = FirstFailure()
    let fetcher = fetcher.ending { failure.error != nil }
    let found = await withTaskGroup(of: (Int, [FetchedInput]).self) { group in
      var found: [[FetchedInput]] = Array(repeating: [], count: documents.count)
      for (index, document) in documents.enumerated() {
        if index >= Self.maximumConcurrentDocuments, let (index, inputs) = await group.next() {
          found[index] = inputs
        }
        if failure.error != nil { break }
        group.addTask {
          do {
            return (index, try await fetch(document, fetcher))
          } catch {
            failure.note(error)
            return (index, [])
          }
        }
      }
      for await (index, inputs) in group { found[index] = inputs }
      return found.flatMap { $0 }
    }
    if let error = failure.error { throw error }
    return found
  }

  package func suspect(_ inputs: [FetchedInput]) async { await fetcher.suspect(inputs) }

  private final class FirstFailure: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func note(_ error: any Error) {
      first.withLock { if $0 == nil { $0 = error } }
    }
  }

  private func fetch(_ document: DocumentRequest, _ fetcher: Fetcher) async throws -> [FetchedInput] {
    var document = document
    if let upload = document.upload {
      guard let bytes = FileManager.default.contents(atPath: upload.file) else {
        throw PipelineError.notReproducible("\(upload.file) is gone while it was to be uploaded")
      }
      document.request.multipart.append(
        HTTPTransfer.MultipartField(name: upload.field, fileName: upload.fileName, bytes: Array(bytes)))
    }
    var inputs = try await fetcher.fetch(
      document.request, format: document.format, pages: document.pages, verifications: document.verifications)
    for index in inputs.indices { inputs[index].values = document.values }
    return inputs
  }
}

/// Documents that were recorded in lineage, by hash; asks no source.
package struct RecordedInputs: InputSource {
  private let recorded: [String: [FetchedInput]]
  private let cache: RawCache

  /// - Parameter recorded: in the order of lineage, which is that of the publication.
  package init(_ recorded: [FetchedInput], cache: RawCache) {
    self.recorded = Dictionary(grouping: recorded, by: \.requestName)
    self.cache = cache
  }

  /// What was published once is asked of nobody.
  package func suspect(_ inputs: [FetchedInput]) {}

  package func fetch(
    _ requests: [DatasetRequest], for partition: Partition,
    rows: @Sendable (DatasetRequest) async throws -> SelectedRows
  ) async throws -> [FetchedInput] {
    var found: [FetchedInput] = []
    for request in requests {
      // No row may have been selected: then nothing was asked.
      guard let inputs = recorded[request.name] ?? (request.rowsFile == nil ? nil : []) else {
        throw PipelineError.notReproducible("lineage has no input '\(request.name)'")
      }
      for input in inputs {
        if let sha256 = input.sha256, try await cache.restore(sha256) == nil {
          throw PipelineError.notReproducible("the raw cache no longer holds \(sha256) of \(input.url)")
        }
      }
      found += inputs
    }
    return found
  }
}
