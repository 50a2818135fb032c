package import Base
package import Console
package import FoundationEssentials
package import Queue

/// How things are said on every page: moments, numbers, states.
package enum Words {
  /// UTC, which the script turns into local time with UTC on hover.
  package static func moment(_ date: Date?) -> HTML {
    guard let date else { return "<span class=\"none\">–</span>" }
    let text = date.formatted(.iso8601)
    let shown = String(text.prefix(16)).replacing("T", with: " ") + " UTC"
    return "<time datetime=\"\(text)\" title=\"\(shown)\">\(shown)</time>"
  }

  /// As the database wrote it.
  package static func moment(_ text: String?) -> HTML {
    guard let text, let date = try? Date(text, strategy: .iso8601) else { return "\(text ?? "–")" }
    return moment(date)
  }

  package static func count(_ number: some BinaryInteger) -> String {
    let digits = String(number)
    guard digits.count > 4 else { return digits }
    var made = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3), made != "-" { made += "," }
      made.append(digit)
    }
    return made
  }

  /// Rows more or fewer than before; nil before there was anything.
  package static func change(_ difference: Int?) -> String {
    switch difference {
    case nil: "first"
    case 0: "±0"
    case let more? where more > 0: "+\(count(more))"
    case let fewer?: "−\(count(-fewer))"
    }
  }

  /// A figure of a dataset: whole, or with four digits that say something.
  package static func figure(_ value: Double, isWhole: Bool) -> String {
    if isWhole, abs(value) < 9e15 { return count(Int64(value.rounded())) }
    let size = abs(value)
    if size >= 1000, size < 9e15 { return count(Int64(value.rounded())) }
    if size != 0, size < 0.001 || size >= 9e15 { return "\(value)" }
    let step: Double = size >= 100 ? 10 : size >= 10 ? 100 : size >= 1 ? 1000 : 10_000
    return "\((value * step).rounded() / step)"
  }

  package static func bytes(_ number: Int64?) -> String {
    guard let number else { return "–" }
    var (value, units) = (Double(number), ["B", "kB", "MB", "GB", "TB"][...])
    while value >= 1000, units.count > 1 {
      value /= 1000
      units.removeFirst()
    }
    let text = value < 10 && units.first != "B" ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    return "\(text) \(units.first ?? "B")"
  }

  package static func seconds(_ seconds: Double?) -> String {
    guard let seconds else { return "–" }
    switch seconds {
    case ..<10: return "\((seconds * 10).rounded() / 10) s"
    case ..<120: return "\(Int(seconds.rounded())) s"
    case ..<7200: return "\(Int((seconds / 60).rounded())) min"
    case ..<172_800: return "\((seconds / 360).rounded() / 10) h"
    default: return "\(Int((seconds / 86_400).rounded())) days"
    }
  }

  /// How long ago, of an interval as Postgres writes it.
  package static func ago(_ interval: String?) -> String {
    guard let interval else { return "–" }
    let parts = interval.split(separator: ":").compactMap { Double($0) }
    guard parts.count == 3 else { return interval }
    return "\(seconds(parts[0] * 3600 + parts[1] * 60 + parts[2])) ago"
  }

  /// A state as a badge: shape, word and colour.
  package static func badge(_ fact: GridCell.Fact) -> HTML {
    "<span class=\"badge \(fact.style)\"><i aria-hidden=\"true\">\(String(fact.sign))</i>\(fact.rawValue)</span>"
  }

  package static func badge(_ state: TaskState, count: Int? = nil) -> HTML {
    if let count { return named("\(self.count(count)) \(state.rawValue)", fact(of: state)) }
    return named(state.rawValue, fact(of: state))
  }

  private static func fact(of state: TaskState) -> GridCell.Fact {
    switch state {
    case .blocked: .blocked
    case .ready: .waiting
    case .running: .running
    case .completed: .published
    case .failed: .failed
    case .cancelled: .cancelled
    }
  }

  package static func named(_ word: String, _ fact: GridCell.Fact) -> HTML {
    "<span class=\"badge \(fact.style)\"><i aria-hidden=\"true\">\(String(fact.sign))</i>\(word)</span>"
  }

  /// A backfill's state, an alert's, a worker's: by what it means.
  package static func badge(word: String) -> HTML {
    let fact: GridCell.Fact =
      switch word {
      case "open", "running", "working": .running
      case "finished", "completed", "valid", "done", "ended", "published": .published
      case "finished_with_failures", "failed", "firing", "critical", "lost": .failed
      case "paused", "draining", "pending", "waiting", "warning": .paused
      case "cancelled", "revoked", "stopped", "expired": .cancelled
      default: .none
      }
    return named(word.replacing("_", with: " "), fact)
  }

  package static func errorClass(_ errorClass: ErrorClass?) -> String {
    errorClass?.rawValue.replacing("_", with: " ") ?? ""
  }

  /// Why something failed or waits; what is very long is folded away behind its beginning.
  package static func reason(_ text: String) -> HTML {
    guard text.utf8.count > 600 else { return "<p class=\"reason\">\(text)</p>" }
    return """
      <p class="reason">\(String(text.prefix(280)))…</p><details><summary>all of it (\(bytes(Int64(text.utf8.count))))</summary>\
      <p class="reason">\(text)</p></details>
      """
  }

  /// A command to copy.
  package static func command(_ text: String) -> HTML {
    "<div class=\"command\"><code>\(text)</code></div>"
  }

  /// Steps of what to do next, with their commands to copy: `when its cause is gone: aker retry --task 7; then aker status`. What
  /// only speaks of a command, and so ends as a sentence does, is a sentence.
  package static func advice(_ text: String) -> HTML {
    let parts = text.split(separator: #/[,;] then |; |\. (?=[A-Z])/#).map(String.init)
    let commands = parts.map { part in
      part.hasSuffix(".")
        ? nil
        : part.firstRange(of: #/(?:^|: )aker /#).map { range in
          let isFirst = range.lowerBound == part.startIndex
          return isFirst ? range.lowerBound : part.index(range.lowerBound, offsetBy: 2)
        }
    }
    guard commands.contains(where: { $0 != nil }) else { return "<p>\(text)</p>" }
    return HTML(
      zip(parts, commands).map { part, start in
        guard let start else { return "<p>\(part)</p>" }
        let before: HTML = start == part.startIndex ? .empty : "<p>\(String(part[..<start]))</p>"
        return "\(before)\(command(String(part[start...])))"
      })
  }

  /// What is not there, said kindly.
  package static func nothing(_ text: HTML) -> HTML { "<p class=\"nothing\">\(text)</p>" }

  private static let numbers: Set<String> = [
    "No.", "Tries", "Failed", "Running", "Waiting", "Skipped", "Rows", "Change", "Size", "Partitions", "Off",
    "Requests", "Figure",
    "About", "Last heard", "Process", "Passed",
  ]

  private static func head(_ name: String) -> HTML {
    if name.isEmpty { return "<td></td>" }
    return "<th scope=\"col\"\(numbers.contains(name) ? " class=\"number\"" as HTML : "")>\(name)</th>"
  }

  /// A table that scrolls by itself where the page is narrow.
  package static func table(_ caption: String, _ heads: [String], _ rows: [HTML], style: String = "") -> HTML {
    """
    <div class="scroll" role="region" aria-label="\(caption)" tabindex="0"><table class="list \(style)">\
    <thead><tr>\(heads.map(head))</tr></thead><tbody>\(rows)</tbody></table></div>
    """
  }
}

extension GridCell.Fact {
  /// Its class in the stylesheet.
  package var style: String {
    switch self {
    case .none: "s-none"
    case .published: "s-published"
    case .warned: "s-warned"
    case .stale: "s-stale"
    case .other: "s-other"
    case .failed: "s-failed"
    case .running: "s-running"
    case .waiting: "s-waiting"
    case .blocked: "s-blocked"
    case .paused: "s-paused"
    case .cancelled: "s-cancelled"
    case .skipped: "s-skipped"
    }
  }

  /// One letter, for who sees neither shape nor colour well.
  package var letter: String {
    switch self {
    case .none: "–"
    case .published: "P"
    case .warned: "W"
    case .stale: "S"
    case .other: "O"
    case .failed: "F"
    case .running: "R"
    case .waiting: "Q"
    case .blocked: "B"
    case .paused: "H"
    case .cancelled: "C"
    case .skipped: "="
    }
  }

  /// In the legend.
  package var meaning: String {
    switch self {
    case .none: "nothing yet"
    case .waiting: "queued"
    case .paused: "held (paused)"
    default: rawValue
    }
  }
}
