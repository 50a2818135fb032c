internal import Catalog

/// A flow with the columns of `schedule.flow`.
struct FlowRow: Encodable {
  private let flow: FlowDefinition

  init(_ flow: FlowDefinition) {
    self.flow = flow
  }

  private enum Column: String, CodingKey {
    case flow, title, datasets, regions, first_year, last_year, expression, minutes, hours, days, months, weekdays
    case every_hour, either_day, time_zone, catch_up, catch_up_window, overlap, jitter
  }

  func encode(to encoder: any Encoder) throws {
    var row = encoder.container(keyedBy: Column.self)
    try row.encode(flow.name, forKey: .flow)
    try row.encode(flow.title, forKey: .title)
    try row.encode(flow.datasets, forKey: .datasets)
    try row.encodeIfPresent(flow.regions, forKey: .regions)
    try row.encode(flow.years.lowerBound, forKey: .first_year)
    try row.encode(flow.years.upperBound, forKey: .last_year)
    let schedule = flow.schedule
    try row.encodeIfPresent(schedule?.description, forKey: .expression)
    try row.encode(schedule?.minutes ?? [], forKey: .minutes)
    try row.encode(schedule?.hours ?? [], forKey: .hours)
    try row.encode(schedule?.days ?? [], forKey: .days)
    try row.encode(schedule?.months ?? [], forKey: .months)
    try row.encode(schedule?.weekdays ?? [], forKey: .weekdays)
    try row.encode(schedule.map { !$0.restrictsHour } ?? false, forKey: .every_hour)
    try row.encode(schedule.map { $0.restrictsDay && $0.restrictsWeekday } ?? false, forKey: .either_day)
    try row.encode(flow.timeZone, forKey: .time_zone)
    try row.encode(flow.catchUp.rawValue, forKey: .catch_up)
    try row.encode("\(flow.catchUpDays) days", forKey: .catch_up_window)
    try row.encode(flow.overlap.rawValue, forKey: .overlap)
    try row.encode("\(flow.jitterMinutes) minutes", forKey: .jitter)
  }
}
