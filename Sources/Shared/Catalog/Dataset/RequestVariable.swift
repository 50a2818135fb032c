/// A variable of `for_each`: the values that a request is made for, one by one or in groups.
package struct RequestVariable: Sendable, Equatable {
  package var name: String
  package var values: [String]
  /// `chunks`: so many values are asked for at once; nil for one by one.
  package var groupSize: Int?

  /// The values of each document, in order.
  package var groups: [[String]] {
    let size = groupSize ?? 1
    return stride(from: 0, to: values.count, by: size).map { Array(values[$0..<min($0 + size, values.count)]) }
  }
}
