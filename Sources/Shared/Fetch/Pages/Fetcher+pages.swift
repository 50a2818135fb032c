package import Catalog
internal import FoundationEssentials
internal import Base

extension Fetcher {
  /// What an answer must hold: the texts at a path.
  package struct Verification: Sendable, Equatable {
    package var path: String
    package var values: [String]

    package init(path: String, values: [String]) {
      self.path = path
      self.values = values
    }
  }

  /// Fetches a document with all its pages, and holds it to what was asked for.
  ///
  /// What is incomplete is asked for once more, past the cache: pages of different days do not fit together, and an answer
  /// that was cut may be whole the next time.
  ///
  /// - Returns: the pages in order; those without rows are left out but for the first.
  /// - Throws: `FetchError`, or `CancellationError`.
  package func fetch(
    _ request: FetchRequest, format: InputFormat, pages: RequestPages?, verifications: [Verification]
  ) async throws -> [FetchedInput] {
    do {
      return try await fetch(request, format, pages, verifications, isForced: false)
    } catch let error as FetchError {
      guard case .incomplete = error.reason else { throw error }
      return try await fetch(request, format, pages, verifications, isForced: true)
    }
  }

  private func fetch(
    _ request: FetchRequest, _ format: InputFormat, _ pages: RequestPages?, _ verifications: [Verification],
    isForced: Bool
  ) async throws -> [FetchedInput] {
    let inputs =
      switch pages {
      case let pages? where pages.style == .arcgis:
        try await layer(request, format, pages, isForced: isForced)
      case let pages?: try await walk(request, format, pages, isForced: isForced)
      case nil: [try await fetch(request, isForced: isForced)]
      }
    do {
      try verify(inputs, verifications)
    } catch {
      // Not from the cache the next time.
      await suspect(inputs)
      throw error
    }
    return inputs
  }

  /// 100,000 pages: no layer here has a hundredth of that; what goes on for longer has no end.
  static let maximumPageCount = 100_000

  private func walk(
    _ request: FetchRequest, _ format: InputFormat, _ plan: RequestPages, isForced: Bool
  ) async throws -> [FetchedInput] {
    var walk = PageWalk(plan)
    var inputs: [FetchedInput] = []
    for _ in 0..<Self.maximumPageCount {
      var asked = request
      asked.query += walk.parameters
      // Only the whole can be absent: a page that is not there is a hole.
      asked.isOptional = request.isOptional && inputs.isEmpty
      let input = try await fetch(asked, isForced: isForced)
      if input.path == nil { return [input] }
      do {
        let page = try DocumentPage(input, plan, format: format)
        let step = try walk.take(page)
        if step == .again { continue }
        if page.rowCount > 0 || inputs.isEmpty { inputs.append(input) }
        if step == .end {
          if !isForced { try requireOneTime(inputs, input) }
          return inputs
        }
      } catch let failure as JSONScan.Failure {
        await suspect([input])
        throw error(input, .unreadable(failure.description), .permanent)
      } catch let failure as PageWalk.Incomplete {
        await suspect(inputs + [input])
        throw error(input, .incomplete(failure.why), .transient)
      }
    }
    throw error(request, .incomplete("there is no end after \(Self.maximumPageCount) pages"), .permanent)
  }

  /// 6 hours: sources that change do so by the day. A walk that was broken off goes on within it.
  private static let oneTime = 6.0 * 3600

  /// Pages that were fetched on different days are of different states of the source.
  func requireOneTime(_ inputs: [FetchedInput], _ last: FetchedInput) throws {
    let times = inputs.map(\.fetchedAt) + [last.fetchedAt]
    guard let first = times.min(), let newest = times.max(), newest.timeIntervalSince(first) > Self.oneTime else {
      return
    }
    throw error(last, .incomplete("its pages were fetched at different times"), .transient)
  }

  private func verify(_ inputs: [FetchedInput], _ verifications: [Verification]) throws {
    guard !verifications.isEmpty, let first = inputs.first, first.path != nil else { return }
    var found = verifications.map { _ in Set<String>() }
    for input in inputs {
      guard let path = input.path else { continue }
      do {
        let scan = try JSONScan(file: path, paths: verifications.map(\.path))
        for index in verifications.indices { found[index].formUnion(scan.texts[index]) }
      } catch let failure as JSONScan.Failure {
        throw error(input, .unreadable(failure.description), .permanent)
      }
    }
    for (verification, found) in zip(verifications, found) {
      let asked = Set(verification.values)
      let missing = asked.subtracting(found).sorted()
      let strange = found.subtracting(asked).sorted()
      if missing.isEmpty && strange.isEmpty { continue }
      var why = "\(verification.path) should have \(asked.count.counted("value"))"
      if !missing.isEmpty { why += ", and lacks \(missing.summary(naming: 5))" }
      if !strange.isEmpty { why += ", and nobody asked for \(strange.summary(naming: 5))" }
      throw error(first, .incomplete(why), .data)
    }
  }

  func error(_ input: FetchedInput, _ reason: FetchError.Reason, _ errorClass: ErrorClass) -> FetchError {
    FetchError(sourceID: input.sourceID, url: input.url, reason: reason, errorClass: errorClass)
  }
}
