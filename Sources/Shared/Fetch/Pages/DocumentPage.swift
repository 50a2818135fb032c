internal import Catalog

/// What a page says of itself.
struct DocumentPage {
  var rowCount: Int
  var sha256: String?
  /// Whether it says that there is more; nil where it does not say.
  var isMore: Bool?
  var next: String?
  var total: Int?
  /// Of an ArcGIS layer's features, one each; nil where they are not shown.
  var ids: [Int64]?

  init(rowCount: Int, sha256: String? = nil, isMore: Bool? = nil, next: String? = nil, total: Int? = nil) {
    self.rowCount = rowCount
    self.sha256 = sha256
    self.isMore = isMore
    self.next = next
    self.total = total
  }

  /// - Throws: `JSONScan.Failure` when the file is not what it was taken for.
  init(_ input: FetchedInput, _ plan: RequestPages, format: InputFormat) throws {
    guard let path = input.path else {
      self.init(rowCount: 0)
      return
    }
    switch format {
    case .ndjson: self.init(rowCount: try Self.lineCount(path), sha256: input.sha256)
    // The first line is the header.
    case .csv, .tsv: self.init(rowCount: max(0, try Self.lineCount(path) - 1), sha256: input.sha256)
    default:
      let flags =
        plan.style == .arcgis ? ["exceededTransferLimit", "properties.exceededTransferLimit"] : [plan.more ?? ""]
      let scan = try JSONScan(file: path, paths: [plan.rows, plan.next ?? "", plan.total ?? ""] + flags)
      guard let rowCount = scan.elementCounts[0] else {
        throw JSONScan.Failure(
          description: "there is no list of rows at \(plan.rows.isEmpty ? "the top" : "'\(plan.rows)'")")
      }
      let said = (plan.style == .arcgis || plan.more != nil) ? scan.texts[3...].flatMap { $0 } : []
      self.init(
        rowCount: rowCount, sha256: input.sha256, isMore: said.isEmpty ? nil : said.contains("true"),
        next: plan.next == nil ? nil : scan.texts[1].first,
        total: plan.total == nil ? nil : scan.texts[2].first.flatMap { Int($0) })
    }
  }

  /// Lines that are not empty.
  private static func lineCount(_ path: String) throws -> Int {
    var count = 0
    var isInLine = false
    do {
      var reader = try TextReader(path, encoding: nil)
      while let piece = try reader.next() {
        for byte in piece {
          if byte == 0x0A {
            if isInLine { count += 1 }
            isInLine = false
          } else if byte != 0x0D {
            isInLine = true
          }
        }
      }
    } catch let failure as TextReader.Failure {
      throw JSONScan.Failure(description: failure.summary)
    }
    return count + (isInLine ? 1 : 0)
  }
}
