/// What somebody may have meant by a name that does not exist.
package enum NearestName {
  /// The candidate with the fewest edits (insert, delete, replace, swap neighbours), if those are few enough to be a slip.
  package static func find(_ name: String, in candidates: some Sequence<String>) -> String? {
    // A third of the letters, at least one edit; more is another word.
    let limit = max(1, name.count / 3)
    return
      candidates
      .map { (candidate: $0, edits: edits(Array(name.lowercased()), Array($0.lowercased()))) }
      .filter { $0.edits <= limit || $0.candidate.hasPrefix(name) && name.count >= 3 }
      .min { ($0.edits, $0.candidate) < ($1.edits, $1.candidate) }?
      .candidate
  }

  /// Names that come near, the nearest first: for "did you mean" lists.
  package static func list(_ name: String, in candidates: some Sequence<String>, limit: Int = 3) -> [String] {
    candidates
      .map { (candidate: $0, edits: edits(Array(name.lowercased()), Array($0.lowercased()))) }
      .filter { $0.edits <= max(2, name.count / 2) || $0.candidate.contains(name) }
      .sorted { ($0.edits, $0.candidate) < ($1.edits, $1.candidate) }
      .prefix(limit).map(\.candidate)
  }

  /// Optimal string alignment distance.
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var current = [i] + Array(repeating: 0, count: b.count)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], beforePrevious[j - 2] + 1)
        }
      }
      (beforePrevious, previous) = (previous, current)
    }
    return previous[b.count]
  }
}
