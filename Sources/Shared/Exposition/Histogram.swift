/// How many observations fell beneath each bound of a family.
package struct Histogram: Sendable {
  /// Of each bound alone, not of those below it.
  package private(set) var counts: [Int]
  package private(set) var count = 0
  package private(set) var sum = 0.0
  private let bounds: [Double]

  package init(bounds: [Double]) {
    self.bounds = bounds
    counts = [Int](repeating: 0, count: bounds.count)
  }

  package mutating func observe(_ value: Double) {
    if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
    count += 1
    sum += value
  }
}
