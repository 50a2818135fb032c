import Testing
import TestSupport

@testable import Catalog

struct FlowTests {
  @Test func aFlowIsReadWithItsDefaults() throws {
    let (flows, problems) = FlowDefinition.read(
      """
      flows:
        - name: refresh-housing-market
          title: Rents
          datasets: [rent_index, rent_estimate]
          schedule: "30 6 1,15 * 1-5"
          years: [-3, 0]
        - {name: by-hand, datasets: [one]}
      """, file: "flows.yml")
    #expect(problems == [])
    #expect(flows.map(\.name) == ["refresh-housing-market", "by-hand"])
    #expect(flows[0].datasets == ["rent_index", "rent_estimate"])
    #expect(flows[0].defaultYears(currentYear: 2026) == [2023, 2024, 2025, 2026])
    #expect(flows[1].schedule == nil)
    #expect(flows[1].defaultYears(currentYear: 2026) == [2025])
  }

  @Test(arguments: [
    ("{name: Refresh, datasets: [a]}", "'Refresh' is not usable as a flow's name"),
    ("{name: refresh, datasets: []}", "flow 'refresh' needs datasets"),
    ("{name: refresh, datasets: [a], years: [0, -1]}", "expected the first and the last year"),
    ("{name: refresh, datasets: [a], schedule: daily}", "'daily' is no schedule"),
    ("{name: refresh, datasets: [a], schedule: \"0 24 * * *\"}", "'24' is no hour: expected *, numbers in 0-23"),
    ("{name: refresh, dataset: [a]}", "did you mean 'datasets'?"),
  ])
  func aMistakeIsNamedWithItsLine(flow: String, message: String) throws {
    let (_, problems) = FlowDefinition.read("flows:\n  - \(flow)\n", file: "flows.yml")
    let problem = try #require(problems.first { $0.message.contains(message) }, "\(problems)")
    #expect(problem.line == 2)
  }

  @Test(arguments: [
    // Monday 2026-11-23, 06:30.
    ("30 6 * * *", true), ("30 6 * * 1", true), ("30 6 * * 2", false), ("*/15 6 * * *", true), ("*/20 6 * * *", false),
    ("0-30 5-7 23 11 *", true), ("30 6 22 * *", false), ("30 6 22 * 1", true), ("30 6 23 * 0", true),
    ("30 6 22 * 7", false), ("30 6 * 12 *", false), ("15/15 6 * * *", true), ("31/15 6 * * *", false),
  ])
  func aScheduleIsDueAsCronSays(schedule: String, isDue: Bool) throws {
    let time = CronSchedule.Minute(minute: 30, hour: 6, day: 23, month: 11, weekday: 1)
    #expect(try CronSchedule(schedule).isDue(at: time) == isDue)
  }

  @Test(arguments: ["* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "1, * * * *"])
  func whatIsNoScheduleIsRefused(text: String) {
    #expect(throws: CronSchedule.Invalid.self) { try CronSchedule(text) }
  }
}
