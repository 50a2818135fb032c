/// A time as people say it: `42 s`, `3 min`, `2 h 05 min`.
package func readableDuration(_ seconds: Int) -> String {
  switch seconds {
  case ..<100: return "\(max(0, seconds)) s"
  case ..<5400: return "\((seconds + 30) / 60) min"
  default:
    let minutes = (seconds + 30) / 60
    let remainder = "\(minutes % 60)"
    return "\(minutes / 60) h \(remainder.count < 2 ? "0" : "")\(remainder) min"
  }
}
