/// What somebody may do: each level is a role of the database, which is who decides.
package enum Level: String, Sendable, CaseIterable, Codable, Comparable {
  /// Looks.
  case viewer
  /// Enqueues, tries again, cancels, pauses.
  case `operator`
  /// Says besides who may do what.
  case admin

  var role: String {
    switch self {
    case .viewer: "aker_reader"
    case .operator: "aker_operator"
    case .admin: "aker_admin"
    }
  }

  package static func < (one: Level, other: Level) -> Bool {
    func rank(_ level: Level) -> Int { allCases.firstIndex(of: level) ?? 0 }
    return rank(one) < rank(other)
  }
}
