internal import FoundationEssentials
internal import HTTP

/// How long a server asked to be left alone.
enum ServerPause {
  /// A day: what asks for more means another thing, or is a slip of the server's.
  static let longest = Duration.seconds(86_400)

  /// `Retry-After`: whole seconds, or a date such as `Wed, 21 Oct 2026 07:28:00 GMT`.
  ///
  /// - Parameters:
  ///   - text: one a line, of which the longest counts; several seconds may stand behind one another, with commas between.
  ///   - sentAt: the answer's own `Date`: a date to wait for is measured from it, whatever the clock here shows.
  /// - Returns: nil for what says nothing: a time that is past, no time at all, fractions, words. The caller's own pause
  ///   counts then.
  static func retryAfter(_ text: String, sentAt: String? = nil, now: Date = Date()) -> Duration? {
    let values = text.split(whereSeparator: \.isNewline).flatMap { line in
      line.allSatisfy { "0123456789, \t".contains($0) } ? line.split(separator: ",") : [line]
    }
    return values.compactMap { pause($0, sentAt: sentAt, now: now) }.max()
  }

  private static func pause(_ text: Substring, sentAt: String?, now: Date) -> Duration? {
    let start = text.drop { $0 == " " || $0 == "\t" }
    let text = start.prefix(
      (start.lastIndex { $0 != " " && $0 != "\t" }.map { start.distance(from: start.startIndex, to: $0) + 1 }) ?? 0)
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      // So many digits that they are no number ask for the longest pause, too.
      let seconds = Int(text) ?? .max
      return seconds == 0 ? nil : min(.seconds(min(seconds, 1 << 40)), longest)
    }
    guard let date = date(text) else { return nil }
    let seconds = date.timeIntervalSince(sentAt.flatMap { self.date($0[...]) } ?? now)
    return seconds > 0 ? min(.seconds(min(seconds, 1e9)), longest) : nil
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The three forms of RFC 9110: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, and
  /// `Sun Nov  6 08:49:37 1994`.
  private static func date(_ text: Substring) -> Date? {
    var fields = text.split(whereSeparator: { " :,-".contains($0) }).dropFirst().map(String.init)
    if fields.count == 7, fields.removeLast() != "GMT" { return nil }
    guard fields.count == 6 else { return nil }
    if let month = months.firstIndex(of: fields[0]) {
      fields = [fields[1], months[month], fields[5], fields[2], fields[3], fields[4]]
    }
    guard let month = months.firstIndex(of: fields[1]) else { return nil }
    let numbers = [0, 2, 3, 4, 5].compactMap { Int(fields[$0]) }
    guard numbers.count == 5, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    // Two digits: of this century, as no server waits for the last one.
    let year = fields[2].count == 2 ? numbers[1] + 2000 : numbers[1]
    let written =
      "\(year)-\(two(month + 1))-\(two(numbers[0]))T\(two(numbers[2])):\(two(numbers[3])):\(two(numbers[4]))Z"
    // The 31st of June would be the 1st of July.
    return (try? Date(written, strategy: .iso8601)).flatMap { $0.formatted(.iso8601) == written ? $0 : nil }
  }

  /// `X-Rate-Limit-*` of an answer that used up the last request of its window; nil while some are left.
  static func usedUp(_ headers: [String: String], now: Date = Date()) -> Duration? {
    func value(_ name: String) -> Double? {
      ["x-rate-limit-", "x-ratelimit-", "ratelimit-"].lazy.compactMap { headers[$0 + name] }.first
        .flatMap { Double($0.prefix { $0.isNumber || $0 == "." }) }
    }
    guard value("remaining") == 0, let reset = value("reset") else { return nil }
    // Some give the seconds left, some the time: no window is longer than thirty years.
    let seconds = reset > 1_000_000_000 ? reset - now.timeIntervalSince1970 : reset
    return seconds > 0 ? min(.seconds(min(seconds, 1e9)), longest) : nil
  }

  private static func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
