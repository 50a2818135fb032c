/// `Content-Range: bytes 200-999/1000`: which part of a document came, and how long the whole is.
struct ContentRange: Equatable {
  var first: Int64
  var last: Int64
  /// Nil where the server does not know (`*`).
  var total: Int64?

  var byteCount: Int64 { last - first + 1 }

  /// - Returns: nil for a header that is none, or whose numbers do not fit together.
  init?(_ header: String?) {
    guard let header, header.lowercased().hasPrefix("bytes ") else { return nil }
    let halves = header.dropFirst("bytes ".count).split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2 else { return nil }
    let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, last >= first else { return nil }
    let total = Int64(halves[1])
    guard halves[1] == "*" || total.map({ $0 > last }) == true else { return nil }
    (self.first, self.last, self.total) = (first, last, total)
  }
}
