/// What a `Range` header asks for, of a body of a known length.
enum ByteRange: Equatable {
  /// No range, several or one that nobody understands: everything is sent.
  case whole
  case part(Range<Int>)
  case unsatisfiable

  init(header: String?, byteCount: Int) {
    guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
      self = .whole
      return
    }
    let halves = header.dropFirst("bytes=".count).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else {
      self = .whole
      return
    }
    switch (Int(halves[0]), Int(halves[1])) {
    case (let first?, _) where first >= byteCount: self = .unsatisfiable
    case (let first?, let last?) where last >= first: self = .part(first..<min(last + 1, byteCount))
    case (let first?, nil) where halves[1].isEmpty: self = .part(first..<byteCount)
    case (nil, let count?) where halves[0].isEmpty:
      self = count == 0 || byteCount == 0 ? .unsatisfiable : .part(max(0, byteCount - count)..<byteCount)
    default: self = .whole
    }
  }
}
