/// Years as an operator writes them: `2009-2023,2025`.
package struct YearList: Equatable, CustomStringConvertible, Sendable {
  /// Ascending, each once.
  package var years: [Int]

  package init(years: [Int]) {
    self.years = Set(years).sorted()
  }

  package init?(argument: String) {
    var years: [Int] = []
    for item in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let bounds = item.split(separator: "-", omittingEmptySubsequences: false).map { Self.year($0) }
      switch bounds.count {
      case 1:
        guard let year = bounds[0] else { return nil }
        years.append(year)
      case 2:
        guard let first = bounds[0], let last = bounds[1], first <= last else { return nil }
        years += first...last
      default: return nil
      }
    }
    self.init(years: years)
  }

  /// As an operator writes them: `2009-2012,2015`.
  package var description: String {
    var ranges: [ClosedRange<Int>] = []
    for year in years {
      if let last = ranges.last, last.upperBound + 1 == year {
        ranges[ranges.count - 1] = last.lowerBound...year
      } else {
        ranges.append(year...year)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
      separator: ",")
  }

  /// Four digits: `9-20` would otherwise be twelve years of antiquity.
  private static func year(_ text: Substring) -> Int? {
    text.count == 4 && text.allSatisfy(\.isASCII) ? Int(text) : nil
  }
}
