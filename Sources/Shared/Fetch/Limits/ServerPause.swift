internal import FoundationEssentials
internal import HTTP

/// How long a server asked to be left alone.
enum ServerPause {
  /// `Retry-After`: seconds, or a date such as `Wed, 21 Oct 2026 07:28:00 GMT`.
  static func retryAfter(_ text: String, now: Date = Date()) -> Duration? {
    if let seconds = Int(text) { return .seconds(max(0, seconds)) }
    let fields = text.split(whereSeparator: { " :,".contains($0) })
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard fields.count >= 7, let day = Int(fields[1]), let month = months.firstIndex(of: String(fields[2])),
      let year = Int(fields[3]), let hour = Int(fields[4]), let minute = Int(fields[5]), let second = Int(fields[6]),
      let date = try? Date(
        "\(year)-\(two(month + 1))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z", strategy: .iso8601)
    else { return nil }
    return .seconds(max(0, date.timeIntervalSince(now)))
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
    return seconds > 0 ? .seconds(seconds) : nil
  }

  private static func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
