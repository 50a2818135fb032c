import ArgumentParser

/// Years as an operator writes them: `2009-2023,2025`.
struct YearList: ExpressibleByArgument, Equatable {
  /// Ascending, each once.
  var years: [Int]

  init(years: [Int]) {
    self.years = Set(years).sorted()
  }

  init?(argument: String) {
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

  /// Four digits: `9-20` would otherwise be twelve years of antiquity.
  private static func year(_ text: Substring) -> Int? {
    text.count == 4 && text.allSatisfy(\.isASCII) ? Int(text) : nil
  }
}
