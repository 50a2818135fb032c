import Postgres
import TestSupport

/// All sequences of calls, one session after the other: from each state that was not seen before, every call is tried.
/// States are folded: numbers of workers and leases, and times, do not tell two apart.
struct Explorer {
  struct Finding: Sendable, CustomStringConvertible {
    var path: [Step]
    var wrong: String
    var description: String { "\(wrong)\n  after \(path.map(\.description).joined(separator: ", "))" }
  }

  let connection: PostgresConnection
  /// Calls to make at most, and the longest sequence.
  var limit: Int
  var depth: Int
  var stopsAtFirst = false

  private(set) var transitionCount = 0
  private(set) var deepest = 0
  /// Calls by a lease that another had followed.
  private(set) var staleCount = 0
  private(set) var findings: [Finding] = []
  private var seen: Set<String> = []
  private var frontier = Scene.prefixes
  var stateCount: Int { seen.count }

  init(_ connection: PostgresConnection, limit: Int, depth: Int, stopsAtFirst: Bool = false) {
    (self.connection, self.limit, self.depth, self.stopsAtFirst) = (connection, limit, depth, stopsAtFirst)
  }

  private var isOver: Bool { transitionCount >= limit || stopsAtFirst && !findings.isEmpty }

  mutating func explore() async throws {
    let start: String = try await connection.query("SELECT explore.state() AS state")[0].decode("state")
    seen.insert(start)
    // Breadth first, so that the sequences to begin from all have their turn.
    var next = 0
    while next < frontier.count, !isOver {
      let path = frontier[next]
      next += 1
      try await connection.execute("BEGIN")
      let state: String = try await connection.query(
        "SELECT explore.follow($1) AS state", [path.map(\.call)])[0].decode("state")
      try await tryAll(from: path, state)
      try await connection.execute("ROLLBACK")
      if next % 64 == 0 { try await Scene.vacuum(connection) }
    }
  }

  private mutating func tryAll(from path: [Step], _ state: String) async throws {
    let steps = Array(Scene.steps(in: state).prefix(limit - transitionCount))
    let outcomes = try await connection.query("SELECT * FROM explore.try_each($1)", [steps.map(\.call)])
    for (step, outcome) in zip(steps, outcomes) {
      let here = path + [step]
      transitionCount += 1
      if step.isOldest { staleCount += 1 }
      deepest = max(deepest, here.count)
      let wrong: String = try outcome.decode("wrong")
      if !wrong.isEmpty {
        findings.append(Finding(path: here, wrong: wrong))
      } else if let after = try outcome.text("state"), seen.insert(after).inserted, here.count < depth {
        frontier.append(here)
      }
    }
  }
}
