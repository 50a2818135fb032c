internal import Catalog
internal import Base

/// Where in an answer of many pages a client is: what it asks for next, and whether it has all.
struct PageWalk {
  /// What became of a page.
  enum Step: Equatable {
    /// Keep it, and ask for the next.
    case next
    /// Ask for the same place anew: the page may have been cut at an unknown length.
    case again
    /// Keep it; it was the last.
    case end
  }

  struct Incomplete: Error, Equatable {
    var why: String
  }

  private let plan: RequestPages
  private var size: Int?
  /// The number or the offset of the page to ask for.
  private var place: Int
  private var cursor: String?
  private var cursors: Set<String> = []
  private var hashes: Set<String> = []
  private var ids: Set<Int64> = []
  /// The most rows that a page had: the server's own limit is not lower.
  private var provenSize = 0
  private var hasFlag = false
  private(set) var rowCount = 0
  /// Rows that the source says there are.
  private(set) var total: Int?

  init(_ plan: RequestPages, total: Int? = nil) {
    self.plan = plan
    self.total = total
    size = plan.size
    place = plan.style == .page ? plan.first : 0
  }

  /// The query's parameters of the page to ask for.
  var parameters: [FetchRequest.Parameter] {
    var parameters: [FetchRequest.Parameter] = []
    switch plan.style {
    case .arcgis, .page, .offset: parameters.append(.init(name: plan.parameter, value: String(place)))
    case .cursor: if let cursor { parameters.append(.init(name: plan.parameter, value: cursor)) }
    }
    if let name = plan.sizeParameter, let size { parameters.append(.init(name: name, value: String(size))) }
    return parameters
  }

  /// - Throws: `Incomplete` when the pages cannot be all there is.
  mutating func take(_ page: DocumentPage) throws -> Step {
    if plan.style == .arcgis, let step = shrunk(page) { return step }
    if page.rowCount > 0, try repeats(page) {
      throw Incomplete(why: "\(described) is the same as one before: the server does not page")
    }
    rowCount += page.rowCount
    total = page.total ?? total
    hasFlag = hasFlag || page.isMore != nil
    let isMore = try isMore(after: page)
    if isMore { try advance(page) }
    // Whether a layer is complete is a question of its ids.
    if !isMore, plan.style != .arcgis, let total, rowCount != total {
      throw Incomplete(why: "\(rowCount.counted("row")) came, and there \(total == 1 ? "is" : "are") \(total)")
    }
    return isMore ? .next : .end
  }

  /// Whether a page was there before. Pages may be alike, and be of other objects: ids tell where there are some, and the
  /// number of rows where that is known.
  private mutating func repeats(_ page: DocumentPage) throws -> Bool {
    if let ids = page.ids {
      let before = self.ids.count
      self.ids.formUnion(ids)
      return self.ids.count == before
    }
    let isNew = page.sha256.map { hashes.insert($0).inserted } ?? true
    if plan.style == .arcgis, let total, rowCount + page.rowCount <= total { return false }
    return !isNew
  }

  private var described: String { "the page at \(plan.parameter) \(cursor ?? String(place))" }

  private func isMore(after page: DocumentPage) throws -> Bool {
    if plan.style == .cursor { return !(page.next ?? "").isEmpty }
    if page.isMore == true { return true }
    // ArcGIS leaves the flag out on the last page; old servers, on all of them.
    if plan.style == .arcgis ? hasFlag : plan.more != nil { return false }
    if page.rowCount == 0 { return false }
    if let total { return rowCount < total }
    return true
  }

  /// A page of an ArcGIS layer takes up as many places as were asked for, or as the server allows, whatever it holds: some
  /// places may be empty. Only where the server allows what is asked is the next offset certain. So a page that is
  /// shorter than any reason is known for is thrown away, and asked for again in a size that the server has shown.
  private mutating func shrunk(_ page: DocumentPage) -> Step? {
    provenSize = max(provenSize, page.rowCount)
    guard page.isMore == true, let size, size > provenSize, page.rowCount > 0 else { return nil }
    hasFlag = true
    self.size = provenSize
    return .again
  }

  private mutating func advance(_ page: DocumentPage) throws {
    switch plan.style {
    case .page: place += 1
    // A server may answer fewer rows than asked for: what counts is what came.
    case .offset:
      guard page.rowCount > 0 || size != nil else {
        throw Incomplete(why: "\(described) is empty and says that there is more")
      }
      place += page.rowCount > 0 ? page.rowCount : size ?? 0
    case .arcgis: place += page.isMore == true ? size ?? page.rowCount : page.rowCount
    case .cursor:
      let next = page.next ?? ""
      let cursor = Self.isAddress(next) ? Self.parameter(plan.parameter, of: next) : next
      guard let cursor else {
        throw Incomplete(why: "the address of the next page has no parameter '\(plan.parameter)'")
      }
      guard cursors.insert(cursor).inserted else {
        throw Incomplete(why: "the pages go round in a circle, at '\(cursor)'")
      }
      self.cursor = cursor
    }
  }

  private static func isAddress(_ text: String) -> Bool {
    text.hasPrefix("https://") || text.hasPrefix("http://") || text.hasPrefix("/")
  }

  private static func parameter(_ name: String, of address: String) -> String? {
    guard let query = address.split(separator: "?", maxSplits: 1).dropFirst().first else { return nil }
    let items = query.prefix { $0 != "#" }.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
    guard let value = items.first(where: { $0.first.map(String.init) == name })?.dropFirst().first else { return nil }
    return PercentEncoding.decoded(String(value.replacing("+", with: " ")))
  }
}
