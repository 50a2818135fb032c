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
    ("{name: refresh, datasets: [a], schedule: \"0 0 30 2 *\"}", "is never due"),
    ("{name: refresh, datasets: [a], schedule: \"@daily\", time_zone: Mars/Olympus}", "'Mars/Olympus' is no time zone"),
    ("{name: refresh, datasets: [a], schedule: \"@daily\", time_zone: ../../etc/passwd}", "is no time zone"),
    ("{name: refresh, datasets: [a], schedule: \"@daily\", overlap: allow}", "expected one of skip, queue, cancel"),
    ("{name: refresh, datasets: [a], catch_up: all}", "catch_up is of use only with a schedule"),
    ("{name: refresh, datasets: [a], regions: [\"a b\"]}", "expected a region"),
  ])
  func aMistakeIsNamedWithItsLine(flow: String, message: String) throws {
    let (_, problems) = FlowDefinition.read("flows:\n  - \(flow)\n", file: "flows.yml")
    let problem = try #require(problems.first { $0.message.contains(message) }, "\(problems)")
    #expect(problem.line == 2)
  }

  @Test(arguments: [
    ("30 6 * * *", "at 06:30"), ("0 6 15 1,12 *", "at 06:00 on day 15 of January and December"),
    ("0 7 * * 1", "at 07:00 on Monday"), ("0 9 * * MON-FRI", "at 09:00 on weekdays"),
    ("55 1-23/2 * * *", "at minute 55 of every second hour from 01:00"), ("*/15 * * * *", "every 15 minutes"),
    ("@hourly", "every hour"), ("5,35 * * * *", "at minute 5 and 35 of every hour"),
    ("0 0 1-7 * 5", "at 00:00 on day 1-7 of the month, and on Friday"),
    ("0 8,20 * 6-8 *", "at 08:00 and 20:00 every day of June, July and August"),
    ("0 8 * JAN sun", "at 08:00 on Sunday of January"), ("@yearly", "at 00:00 on day 1 of January"),
    ("*/20 6-9 * * *", "every 20 minutes of the hours 6-9"), ("* * * * *", "every minute"),
  ])
  func aScheduleIsSaidInWords(schedule: String, words: String) throws {
    #expect(try CronSchedule(schedule).words == words)
  }

  @Test func howAFlowCatchesUpIsRead() throws {
    let (flows, problems) = FlowDefinition.read(
      """
      flows:
        - {name: a, datasets: [one], schedule: "@daily", time_zone: Europe/Berlin, catch_up: all, catch_up_days: 30,
           overlap: skip, jitter_minutes: 10, regions: ["24510", "market_jobs:39049"]}
      """, file: "flows.yml")
    #expect(problems == [])
    #expect(flows[0].timeZone == "Europe/Berlin" && flows[0].catchUp == .all && flows[0].catchUpDays == 30)
    #expect(flows[0].overlap == .skip && flows[0].jitterMinutes == 10)
    #expect(flows[0].regions == ["24510", "market_jobs:39049"])
  }

  @Test(arguments: [
    "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "1, * * * *", "@reboot",
    "0 0 * * MONDAY", "0 0 1 13 *",
    "999999999999999999999 * * * *", "*/99999999999999999999 * * * *", "-1 * * * *", "+1 * * * *", "1-2-3 * * * *",
  ])
  func whatIsNoScheduleIsRefused(text: String) {
    #expect(throws: CronSchedule.Invalid.self) { try CronSchedule(text) }
  }

  @Test func aHostileScheduleCostsNothing() {
    let long = String(repeating: "0-59/1,", count: 100_000) + "0 * * * *"
    #expect(throws: CronSchedule.Invalid.self) { try CronSchedule(long) }
  }
}
