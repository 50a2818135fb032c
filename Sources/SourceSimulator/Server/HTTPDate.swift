import Glibc

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, IMF-fixdate).
enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(unixSeconds: Int) -> String {
    var seconds = time_t(unixSeconds)
    var fields = tm()
    gmtime_r(&seconds, &fields)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(two(fields.tm_mday)) \(months[Int(fields.tm_mon)]) \(1900 + fields.tm_year)"
    let clock = "\(two(fields.tm_hour)):\(two(fields.tm_min)):\(two(fields.tm_sec))"
    return "\(days[Int(fields.tm_wday)]), \(date) \(clock) GMT"
  }

  static var now: Int { time(nil) }
}
