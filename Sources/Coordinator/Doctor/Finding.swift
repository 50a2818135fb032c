/// One line of the doctor's: what was looked at, how it is, and what to do.
struct Finding: Encodable, Equatable, Sendable {
  enum State: String, Encodable, Sendable {
    case ok
    /// Works, and is worth knowing.
    case note
    case problem
  }

  var area: String
  var name: String
  var state: State
  var detail: String
  /// What to do about it.
  var advice: String?

  static func ok(_ area: String, _ name: String, _ detail: String) -> Finding {
    Finding(area: area, name: name, state: .ok, detail: detail)
  }

  static func note(_ area: String, _ name: String, _ detail: String, advice: String? = nil) -> Finding {
    Finding(area: area, name: name, state: .note, detail: detail, advice: advice)
  }

  static func problem(_ area: String, _ name: String, _ detail: String, advice: String) -> Finding {
    Finding(area: area, name: name, state: .problem, detail: detail, advice: advice)
  }
}
