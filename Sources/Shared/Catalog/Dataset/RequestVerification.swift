/// `verify`: the distinct texts at a path of the answer must be just those that were asked for.
package struct RequestVerification: Sendable, Equatable {
  /// Dotted, with `[*]` for every element of a list: `Results.series[*].seriesID`.
  package var path: String
  /// The placeholder whose values were asked for.
  package var placeholder: String
}
