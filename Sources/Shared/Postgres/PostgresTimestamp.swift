package import FoundationEssentials

/// Timestamps in Postgres' ISO style, to the microsecond.
package enum PostgresTimestamp {
  /// For instance `2026-11-23T07:05:47.123456Z`; to the microsecond, as `timestamptz` keeps it.
  package static func text(_ date: Date) -> String {
    let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    let seconds = Double(microseconds.floorDivided(by: 1_000_000))
    let fraction = String(microseconds - microseconds.floorDivided(by: 1_000_000) * 1_000_000)
    let whole = Date(timeIntervalSince1970: seconds).formatted(.iso8601)  // ends in Z
    return whole.dropLast() + "." + String(repeating: "0", count: 6 - fraction.count) + fraction + "Z"
  }

  /// What Postgres writes, as RFC 3339: `2026-11-23 07:05:47.1+00` becomes `2026-11-23T07:05:47.100000Z`.
  package static func rfc3339(_ postgresText: String) throws -> String { text(try date(postgresText)) }

  /// Reads `2026-11-23 07:05:47.123456+00`, with any offset, or a bare date.
  package static func date(_ text: String) throws -> Date {
    let malformed = PostgresError(.decoding, "'\(text)' is not a timestamp in ISO style")
    var digits = text.utf8[...]
    func number(_ count: Int) throws -> Int {
      guard digits.count >= count, let value = Int(Substring(digits.prefix(count))) else { throw malformed }
      digits = digits.dropFirst(count)
      return value
    }
    func skip(_ characters: String) -> Bool {
      guard let first = digits.first, characters.utf8.contains(first) else { return false }
      digits = digits.dropFirst()
      return true
    }
    let year = try number(4)
    guard skip("-") else { throw malformed }
    let month = try number(2)
    guard skip("-") else { throw malformed }
    let day = try number(2)
    var seconds = Double(daysSinceEpoch(year: year, month: month, day: day) * 86_400)
    guard skip(" T") else { return Date(timeIntervalSince1970: seconds) }
    let hour = try number(2)
    guard skip(":") else { throw malformed }
    let minute = try number(2)
    guard skip(":") else { throw malformed }
    seconds += Double(hour * 3600 + minute * 60) + Double(try number(2))
    if skip(".") {
      let fraction = digits.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let value = Double("0." + String(Substring(fraction))) else { throw malformed }
      seconds += value
      digits = digits.dropFirst(fraction.count)
    }
    if let sign = digits.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      digits = digits.dropFirst()
      var offset = try number(2) * 3600
      if skip(":") { offset += try number(2) * 60 }
      seconds -= Double(sign == UInt8(ascii: "+") ? offset : -offset)
    }
    return Date(timeIntervalSince1970: seconds)
  }

  /// Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floorDivided(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

extension BinaryInteger {
  fileprivate func floorDivided(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
