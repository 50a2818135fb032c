extension CronSchedule {
  /// As one would say it: `at 06:00 on day 15 of January and December`.
  package var words: String {
    let day = dayWords
    return day.isEmpty ? timeWords : "\(timeWords) \(day)"
  }

  private var timeWords: String {
    if !restrictsHour {
      if minutes.count == 60 { return "every minute" }
      if let step = Self.step(minutes, in: 0...59) { return "every \(step) minutes" }
      return minutes == [0] ? "every hour" : "at minute \(Self.list(minutes.map(String.init))) of every hour"
    }
    if minutes.count * hours.count <= 4 {
      let times = hours.flatMap { hour in minutes.map { "\(Self.two(hour)):\(Self.two($0))" } }
      return "at \(Self.list(times))"
    }
    let each =
      minutes.count == 60
      ? "every minute"
      : Self.step(minutes, in: 0...59).map { "every \($0) minutes" }
        ?? "at minute \(Self.list(minutes.map(String.init)))"
    if let step = Self.step(hours, from: hours[0], in: 0...23), step > 1 {
      return "\(each) of every \(Self.ordinal(step)) hour from \(Self.two(hours[0])):00"
    }
    return "\(each) of the hours \(Self.ranges(hours).joined(separator: ", "))"
  }

  private var dayWords: String {
    let months =
      self.months.count == 12 ? "" : " of \(Self.list(self.months.map { Self.monthNames[$0 - 1] }))"
    let onDays = "on day \(Self.ranges(days).joined(separator: ", "))\(months.isEmpty ? " of the month" : months)"
    let onWeekdays =
      weekdays == [1, 2, 3, 4, 5]
      ? "on weekdays" : "on \(Self.list(weekdays.map { Self.weekdayNames[$0] }))"
    switch (restrictsDay, restrictsWeekday) {
    case (true, true): return "\(onDays), and \(onWeekdays)"
    case (true, false): return onDays
    case (false, true): return onWeekdays + (months.isEmpty ? "" : months)
    case (false, false): return days.count < 31 ? onDays : months.isEmpty ? "" : "every day\(months)"
    }
  }

  /// How far apart they are, where they fill all that is left of the bounds.
  private static func step(_ values: [Int], from first: Int = 0, in bounds: ClosedRange<Int>) -> Int? {
    guard values.count > 1, values[0] == first else { return nil }
    let step = values[1] - values[0]
    return values == Array(stride(from: first, through: bounds.upperBound, by: step)) ? step : nil
  }

  private static func ranges(_ values: [Int]) -> [String] {
    var ranges: [ClosedRange<Int>] = []
    for value in values {
      if let last = ranges.last, last.upperBound + 1 == value {
        ranges[ranges.count - 1] = last.lowerBound...value
      } else {
        ranges.append(value...value)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
  }

  private static func list(_ words: [String]) -> String {
    guard words.count > 1 else { return words.joined() }
    return words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static func ordinal(_ number: Int) -> String {
    switch number {
    case 2: "second"
    case 3: "third"
    default: "\(number)th"
    }
  }
}
