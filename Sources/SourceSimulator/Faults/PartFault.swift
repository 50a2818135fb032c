import NIOHTTP1

/// `{"fault": "part", "etag": "\"v2\""}`: what is wrong with a part of a document. Of a part that was asked for: another
/// `etag` or `last_modified`, a document longer by `total_by`, an end earlier by `short_by` (honestly said); with
/// `"nameless": true` no validator at all. With `"unasked": true` any other answer becomes its first half, with `"bare": true`
/// without a word about the range.
struct PartFault: Fault {
  static let name = "part"

  private let etag: String?
  private let lastModified: String?
  private let totalDifference: Int
  private let shortage: Int
  private let isNameless: Bool
  private let isUnasked: Bool
  private let isBare: Bool

  init(_ parameters: inout FaultParameters) throws {
    etag = try parameters.text("etag")
    lastModified = try parameters.text("last_modified")
    totalDifference = try parameters.integer("total_by") ?? 0
    shortage = try parameters.integer("short_by") ?? 0
    isNameless = try parameters.flag("nameless") ?? false
    isUnasked = try parameters.flag("unasked") ?? false
    isBare = try parameters.flag("bare") ?? false
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    if isUnasked, response.status == .ok {
      let total = response.body.byteCount
      response.status = .partialContent
      response.body = SliceBody(whole: response.body, range: 0..<total / 2)
      if !isBare {
        response.headers.replaceOrAdd(name: "Content-Range", value: "bytes 0-\(total / 2 - 1)/\(total)")
      }
      return
    }
    guard response.status == .partialContent,
      case .part(let range) = ByteRange(header: context.request.headers.first(name: "Range"), byteCount: .max)
    else { return }
    let total = range.lowerBound + response.body.byteCount
    let end = max(range.lowerBound + 1, total - shortage)
    response.body = SliceBody(whole: response.body, range: 0..<end - range.lowerBound)
    response.headers.replaceOrAdd(
      name: "Content-Range", value: "bytes \(range.lowerBound)-\(end - 1)/\(total + totalDifference)")
    if isNameless {
      response.headers.remove(name: "ETag")
      response.headers.remove(name: "Last-Modified")
    }
    if let etag { response.headers.replaceOrAdd(name: "ETag", value: etag) }
    if let lastModified { response.headers.replaceOrAdd(name: "Last-Modified", value: lastModified) }
  }
}
