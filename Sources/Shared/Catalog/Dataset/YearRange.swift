/// A range of years as people write it: `2009-`, `2009-2020`, `2015`.
package struct YearRange: Sendable, Equatable {
  package var first: Int
  package var last: Int?

  package init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let first = ends.first.flatMap({ Self.year($0) }) else { return nil }
    self.first = first
    switch ends.count {
    case 1: last = first
    case 2 where ends[1].isEmpty: last = nil
    case 2:
      guard let last = Self.year(ends[1]), last >= first else { return nil }
      self.last = last
    default: return nil
    }
  }

  private static func year(_ text: Substring) -> Int? {
    text.count == 4 && text.allSatisfy(\.isASCII) ? Int(text).flatMap { (1600...2200).contains($0) ? $0 : nil } : nil
  }
}

extension YearRange: CustomStringConvertible {
  package func contains(_ year: Int) -> Bool { year >= first && last.map { year <= $0 } ?? true }

  package var description: String { last == first ? "\(first)" : "\(first)-\(last.map(String.init) ?? "")" }
}
