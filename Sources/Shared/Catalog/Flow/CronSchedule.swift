/// When something is due, as cron writes it: minute, hour, day of month, month, day of week.
///
/// `*`, numbers, names (`JAN`, `MON-FRI`), ranges, lists and steps (`*/15`, `1-5`, `0,30`); Sunday is 0 or 7; or one of
/// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. As in cron, a day is due that matches either the day of month or
/// the day of week where both are restricted. Which moments these are is decided by `schedule._due_times`, in the database,
/// which knows every time zone.
package struct CronSchedule: Sendable, Equatable, CustomStringConvertible {
  package let description: String
  package let minutes: [Int]
  package let hours: [Int]
  package let days: [Int]
  package let months: [Int]
  /// Sunday is 0.
  package let weekdays: [Int]
  package let restrictsHour: Bool
  package let restrictsDay: Bool
  package let restrictsWeekday: Bool

  package struct Invalid: Error, CustomStringConvertible {
    package let description: String
  }

  private struct Field {
    var name: String
    var bounds: ClosedRange<Int>
    /// The first stands for the lower bound.
    var names: [String] = []
  }

  static let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  static let weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  private static let layout = [
    Field(name: "minute", bounds: 0...59), Field(name: "hour", bounds: 0...23),
    Field(name: "day of month", bounds: 1...31),
    Field(name: "month", bounds: 1...12, names: monthNames.map { $0.prefix(3).uppercased() }),
    Field(name: "day of week", bounds: 0...7, names: weekdayNames.map { $0.prefix(3).uppercased() }),
  ]
  private static let nicknames = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
  ]
  /// Longer ones are a mistake: what each minute of a day would need is shorter.
  private static let longest = 200

  /// - Throws: `Invalid`, naming the field that cannot be read.
  package init(_ text: String) throws {
    guard text.utf8.count <= Self.longest else {
      throw Invalid(description: "a schedule has at most \(Self.longest) characters, this one \(text.utf8.count)")
    }
    let parts = (Self.nicknames[text.lowercased()] ?? text).split(separator: " ")
    guard parts.count == 5 else {
      let known = Self.nicknames.keys.sorted().joined(separator: ", ")
      throw Invalid(
        description:
          "'\(text)' is no schedule: expected minute, hour, day of month, month, day of week, as 0 6 * * 1, or one of \(known)"
      )
    }
    let fields = try parts.indices.map { index in
      let field = Self.layout[index]
      guard let values = Self.values(parts[index], field) else {
        let names = field.names.isEmpty ? "" : ", names as \(field.names[0])"
        throw Invalid(
          description:
            "'\(parts[index])' is no \(field.name): expected *, numbers in \(field.bounds.lowerBound)-\(field.bounds.upperBound)\(names), ranges, lists or steps"
        )
      }
      return values.sorted()
    }
    description = text
    (minutes, hours, days, months) = (fields[0], fields[1], fields[2], fields[3])
    weekdays = Set(fields[4].map { $0 % 7 }).sorted()
    restrictsHour = fields[1].count < 24
    restrictsDay = !parts[2].hasPrefix("*")
    restrictsWeekday = !parts[4].hasPrefix("*")
    guard isEverDue else { throw Invalid(description: "'\(text)' is never due: no such month has that day") }
  }

  private var isEverDue: Bool {
    if restrictsWeekday && restrictsDay { return true }
    let lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return months.contains { month in days.contains { $0 <= lengths[month - 1] } }
  }

  private static func values(_ text: Substring, _ field: Field) -> Set<Int>? {
    var values: Set<Int> = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let stepped = item.split(separator: "/", omittingEmptySubsequences: false)
      guard (1...2).contains(stepped.count) else { return nil }
      var range = field.bounds
      if stepped[0] != "*" {
        let ends = stepped[0].split(separator: "-", omittingEmptySubsequences: false).map { number($0, field) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
          return nil
        }
        // `5/15` goes on to the end, as in cron.
        range = first...(ends.count == 1 && stepped.count == 2 ? field.bounds.upperBound : last)
      }
      guard let step = stepped.count == 2 ? Int(stepped[1]) : 1, step > 0 else { return nil }
      values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: min(step, 60)))
    }
    return values
  }

  private static func number(_ text: Substring, _ field: Field) -> Int? {
    if let place = field.names.firstIndex(of: text.uppercased()) { return field.bounds.lowerBound + place }
    guard text.utf8.count <= 2, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(text), field.bounds.contains(number)
    else { return nil }
    return number
  }
}
