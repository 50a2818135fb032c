internal import Catalog
internal import Logging
internal import Base

/// All features of an ArcGIS layer, and the proof that they are all.
///
/// Offsets are no proof: a page may be short while there is more, pages may overlap, a server may count places that are
/// empty, or know no offsets at all. What proves is the number of features that the server tells, if no object id comes
/// twice; or else the list of its object ids. What offsets did not bring is then asked for by id.
extension Fetcher {
  /// What offsets brought.
  private struct Walked {
    var pages: [FetchedInput] = []
    var rowCount = 0
    /// Of all features, or nil where some page does not show them.
    var ids: [Int64]? = []

    var areDistinct: Bool { ids.map { Set($0).count == $0.count } ?? true }
  }

  func layer(
    _ request: FetchRequest, _ format: InputFormat, _ plan: RequestPages, isForced: Bool
  ) async throws -> [FetchedInput] {
    let count = try await featureCount(request, isForced)
    var walked: Walked?
    var obstacle: FetchError?
    do {
      walked = try await pages(request, format, plan, count: count, isForced: isForced)
      if let walked, walked.pages.first.map({ $0.path == nil }) ?? false { return walked.pages }
    } catch let error as FetchError {
      // A server that knows no offsets refuses them, or sends its first page again. Who is told to wait waits.
      if error.errorClass == .rateLimited { throw error }
      obstacle = error
    }
    if let walked, let count, walked.rowCount == count, walked.areDistinct { return walked.pages }
    guard let listed = try await objectIDs(request, isForced) else {
      if let obstacle { throw obstacle }
      throw incomplete(request, Self.unproven(walked, count))
    }
    if let count, count != listed.ids.count {
      throw incomplete(
        request, "the server counts \(count.counted("feature")), and lists \(listed.ids.count.counted("object id"))")
    }
    return try await completed(request, plan, walked, listed, isForced: isForced)
  }

  private static func unproven(_ walked: Walked?, _ count: Int?) -> String {
    let rowCount = walked?.rowCount ?? 0
    if let count, rowCount != count {
      return "\(rowCount.counted("row")) came, and there \(count == 1 ? "is" : "are") \(count)"
    }
    if count != nil { return "some features came twice, and the server lists no object ids" }
    return "\(rowCount.counted("row")) came, and nothing proves that these are all: "
      + "the server tells neither how many there are nor their object ids"
  }

  /// What offsets brought, as far as it can be used, and the rest by id.
  private func completed(
    _ request: FetchRequest, _ plan: RequestPages, _ walked: Walked?, _ listed: ListedIDs, isForced: Bool
  ) async throws -> [FetchedInput] {
    let wanted = Set(listed.ids)
    var missing = wanted
    var inputs: [FetchedInput] = []
    if let walked, walked.areDistinct, let ids = try walked.pages.isEmpty ? [] : found(walked, listed),
      wanted.isSuperset(of: ids)
    {
      missing.subtract(ids)
      inputs = walked.pages
    }
    if missing.isEmpty { return inputs }
    logger.info(
      "features are asked for by id",
      metadata: ["url": "\(request.path)", "count": "\(missing.count)", "of": "\(wanted.count)"])
    let rest = try await byID(request, plan, missing.sorted(), listed.field, isForced: isForced)
    // A layer without features has its page all the same: the columns are read from it.
    inputs = inputs.count == 1 && missing.count == wanted.count ? rest : inputs + rest
    if let last = inputs.last, !isForced { try requireOneTime(inputs, last) }
    return inputs
  }

  /// By the field's name that the server told since.
  private func found(_ walked: Walked, _ listed: ListedIDs) throws -> Set<Int64>? {
    guard listed.field != nil else { return walked.ids.map(Set.init) }
    var ids: [Int64] = []
    for page in walked.pages {
      guard let path = page.path, let found = try? FeatureIDs.read(path, field: listed.field) else { return nil }
      ids += found
    }
    return Set(ids).count == ids.count ? Set(ids) : nil
  }

  private func pages(
    _ request: FetchRequest, _ format: InputFormat, _ plan: RequestPages, count: Int?, isForced: Bool
  ) async throws -> Walked {
    var walk = PageWalk(plan, total: count)
    var walked = Walked()
    for _ in 0..<Self.maximumPageCount {
      var asked = request
      asked.query += walk.parameters
      asked.isOptional = request.isOptional && walked.pages.isEmpty
      let input = try await fetch(asked, isForced: isForced)
      guard let path = input.path else { return Walked(pages: [input]) }
      do {
        var page = try DocumentPage(input, plan, format: format)
        page.ids = try FeatureIDs.read(path, field: nil)
        let step = try walk.take(page)
        if step == .again { continue }
        if page.rowCount > 0 || walked.pages.isEmpty {
          walked.pages.append(input)
          walked.rowCount += page.rowCount
          if let ids = page.ids { walked.ids? += ids } else { walked.ids = nil }
        }
        if step == .end {
          if !isForced { try requireOneTime(walked.pages, input) }
          return walked
        }
      } catch let failure as JSONScan.Failure {
        await suspect([input])
        throw error(input, .unreadable(failure.description), .permanent)
      } catch let failure as PageWalk.Incomplete {
        throw error(input, .incomplete(failure.why), .transient)
      }
    }
    throw error(request, .incomplete("there is no end after \(Self.maximumPageCount) pages"), .permanent)
  }

  // MARK: What the server says of the whole

  /// How many features a layer has for this query; nil where the server answers something else, as Cook County's does.
  private func featureCount(_ request: FetchRequest, _ isForced: Bool) async throws -> Int? {
    guard let path = try await said("returnCountOnly", request, isForced),
      let scan = try? JSONScan(file: path, paths: ["count", "properties.count"])
    else { return nil }
    return scan.texts.joined().first.flatMap { Int($0) }
  }

  private struct ListedIDs {
    var field: String?
    var ids: [Int64]
  }

  /// Which features a layer has for this query; nil where the server does not list them.
  private func objectIDs(_ request: FetchRequest, _ isForced: Bool) async throws -> ListedIDs? {
    var request = request
    // No page of features, whose form it may be.
    for index in request.query.indices where request.query[index].name == "f" { request.query[index].value = "json" }
    guard let path = try await said("returnIdsOnly", request, isForced),
      let scan = try? JSONScan(
        file: path, paths: ["objectIds", "objectIds[*]", "objectIdFieldName", "exceededTransferLimit", "features"]),
      scan.elementCounts[4] == nil, scan.texts[3].first != "true"
    else { return nil }
    let ids = scan.texts[1].compactMap { Int64($0) }
    guard ids.count == scan.texts[1].count, Set(ids).count == ids.count else { return nil }
    // A layer without features has no list, or null.
    guard scan.elementCounts[0] != nil || scan.texts[2].first != nil else { return nil }
    return ListedIDs(field: scan.texts[2].first, ids: ids)
  }

  private func said(_ parameter: String, _ request: FetchRequest, _ isForced: Bool) async throws -> String? {
    var asked = request
    asked.query.append(.init(name: parameter, value: "true"))
    asked.isOptional = true
    do {
      return try await fetch(asked, isForced: isForced).path
    } catch let error as FetchError where error.errorClass == .permanent {
      // What is wrong with the layer itself, its first page will say.
      return nil
    }
  }

  // MARK: By id

  /// 1,500 characters of ids: an address stays below the 2,048 that old servers take.
  private static let idsLength = 1500

  private func byID(
    _ request: FetchRequest, _ plan: RequestPages, _ ids: [Int64], _ field: String?, isForced: Bool
  ) async throws -> [FetchedInput] {
    var inputs: [FetchedInput] = []
    var rest = ids[...]
    while !rest.isEmpty {
      var texts: [String] = []
      for id in rest.prefix(plan.size ?? .max) {
        let text = String(id)
        if !texts.isEmpty, texts.reduce(text.count, { $0 + $1.count + 1 }) > Self.idsLength { break }
        texts.append(text)
      }
      var asked = request
      asked.isOptional = false
      asked.query.append(.init(name: "objectIds", value: texts.joined(separator: ",")))
      let input = try await fetch(asked, isForced: isForced)
      let wanted = rest.prefix(texts.count)
      let found: [Int64]
      do {
        found = try FeatureIDs.read(input.path ?? "", field: field) ?? []
      } catch let failure as JSONScan.Failure {
        throw error(input, .unreadable(failure.description), .permanent)
      }
      guard !found.isEmpty, Set(found).count == found.count, Set(wanted).isSuperset(of: found) else {
        throw error(
          input, .incomplete("\(wanted.count.counted("feature")) were asked for by id, and others came, or none"),
          .transient)
      }
      inputs.append(input)
      // A server may cut such an answer, too: what it left out is asked for next.
      let missing = Set(wanted).subtracting(found)
      rest = (missing.sorted() + rest.dropFirst(texts.count))[...]
    }
    return inputs
  }

  private func incomplete(_ request: FetchRequest, _ why: String) -> FetchError {
    error(request, .incomplete(why), .transient)
  }
}
