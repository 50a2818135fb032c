/// When something is due, as cron writes it: minute, hour, day of month, month, day of week, in UTC.
///
/// `*`, numbers, ranges, lists and steps (`*/15`, `1-5`, `0,30`); Sunday is 0 or 7. As in cron, a day is due that matches
/// either the day of month or the day of week where both are restricted.
package struct CronSchedule: Sendable, Equatable, CustomStringConvertible {
  package let description: String
  private let fields: [Set<Int>]
  private let restrictsDayOfMonth: Bool
  private let restrictsDayOfWeek: Bool

  package struct Invalid: Error, CustomStringConvertible {
    package let description: String
  }

  private static let names = ["minute", "hour", "day of month", "month", "day of week"]
  private static let bounds = [0...59, 0...23, 1...31, 1...12, 0...7]

  /// - Throws: `Invalid`, naming the field that cannot be read.
  package init(_ text: String) throws {
    let parts = text.split(separator: " ")
    guard parts.count == 5 else {
      throw Invalid(
        description: "'\(text)' is no schedule: expected minute, hour, day of month, month, day of week, as 0 6 * * 1")
    }
    fields = try parts.indices.map { index in
      guard let values = Self.values(parts[index], within: Self.bounds[index]) else {
        throw Invalid(
          description:
            "'\(parts[index])' is no \(Self.names[index]): expected *, numbers in \(Self.bounds[index].lowerBound)-\(Self.bounds[index].upperBound), ranges, lists or steps"
        )
      }
      return index == 4 ? Set(values.map { $0 % 7 }) : values
    }
    restrictsDayOfMonth = !parts[2].hasPrefix("*")
    restrictsDayOfWeek = !parts[4].hasPrefix("*")
    description = text
  }

  private static func values(_ field: Substring, within bounds: ClosedRange<Int>) -> Set<Int>? {
    var values: Set<Int> = []
    for item in field.split(separator: ",", omittingEmptySubsequences: false) {
      let stepped = item.split(separator: "/", omittingEmptySubsequences: false)
      guard (1...2).contains(stepped.count) else { return nil }
      var range = bounds
      if stepped[0] != "*" {
        let ends = stepped[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
          bounds.contains(first), bounds.contains(last)
        else { return nil }
        // `5/15` goes on to the end, as in cron.
        range = first...(ends.count == 1 && stepped.count == 2 ? bounds.upperBound : last)
      }
      guard let step = stepped.count == 2 ? Int(stepped[1]) : 1, step > 0 else { return nil }
      values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
    }
    return values
  }

  /// A minute of the calendar, in UTC.
  package struct Minute: Sendable {
    package var minute: Int
    package var hour: Int
    package var day: Int
    package var month: Int
    /// Sunday is 0.
    package var weekday: Int

    package init(minute: Int, hour: Int, day: Int, month: Int, weekday: Int) {
      self.minute = minute
      self.hour = hour
      self.day = day
      self.month = month
      self.weekday = weekday
    }
  }

  package func isDue(at time: Minute) -> Bool {
    guard fields[0].contains(time.minute), fields[1].contains(time.hour), fields[3].contains(time.month) else {
      return false
    }
    let day = fields[2].contains(time.day)
    let weekday = fields[4].contains(time.weekday)
    return restrictsDayOfMonth && restrictsDayOfWeek ? day || weekday : day && weekday
  }
}
