import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// expansion_event from recorded feeds to the warehouse. What is expected was read out of the releases by eye.
@Suite("expansion_event", .database)
struct ExpansionTests {
  private static let sources = ["press_feeds", "press_feeds_globenewswire", "census_codes"]

  private func opened(
    recordings: String = PackageRoot.recordings, _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    try await Simulator.running(recordings: recordings) { simulator in
      let endpoints = Dictionary(uniqueKeysWithValues: Self.sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: ["expansion_event", "expansion_feed"], endpoints: endpoints, body)
    }
  }

  private func scan(_ years: ClosedRange<Int>, asOf: String, _ workshop: Workshop, _ connection: PostgresConnection)
    async throws
  {
    // Feeds change within the hour that a document is believed.
    try? FileManager.default.removeItem(atPath: workshop.cache + "/raw/index")
    try await workshop.enqueue("expansion_event", years, asOf: asOf, mode: "all", connection)
    try await workshop.work()
  }

  private func lines(_ sql: String, _ connection: PostgresConnection) async throws -> [String] {
    try await connection.query("SELECT concat_ws(' | ', VARIADIC cells) AS line FROM (\(sql)) AS q (cells)")
      .map { try $0.decode("line") }
  }

  private static let events = """
    SELECT ARRAY[kind, company, coalesce(geo_id, candidate_geo_ids), coalesce(jobs::text, '-'),
      coalesce(investment_usd::text, '-'), to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), confidence::text]
    FROM expansion_event ORDER BY published_at
    """

  @Test("feeds in two formats and encodings, without seconds and guids: each event once, spam and deals left out")
  func recorded() async throws {
    try await opened { workshop, connection in
      try await scan(2018...2021, asOf: "2026-09", workshop, connection)
      #expect(
        try await lines(Self.events, connection) == [
          "closure | Lumen & Vale | 39041,39049 | 96 | - | 2018-03-07 14:00 | 0.75",
          "new | Müller Pumps | 01001 | 140 | 38500000 | 2018-08-21 15:00 | 1",
          "expansion | Café Piñón | 48253,48441 | 40 | - | 2019-05-14 14:05 | 0.75",
          "new | Corvid Batteries | 29047,29095 | 2000 | 1400000000 | 2019-10-22 15:00 | 0.9",
          "new | Tallgrass Robotics | 18097 | 75 | - | 2020-02-18 13:30 | 0.7",
          "relocation | Kestrel Aerospace | 39049 | 85 | - | 2020-11-12 14:00 | 0.85",
          "expansion | Brightline Logistics | 47157 | 1200 | - | 2021-06-09 09:45 | 0.7",
          "new | Nordby Dairy | 39041,39045,39049 | - | - | 2021-08-05 20:05 | 0.4",
          "closure | Vandt Steel | 39035 | 310 | - | 2021-09-29 13:00 | 0.85",
          "new | Harlan Foods | 55101 | 250 | 120000000 | 2021-10-01 18:33 | 1",
        ])
      #expect(
        try await lines("SELECT ARRAY[company, evidence] FROM expansion_event WHERE needs_review", connection) == [
          "Nordby Dairy | kind in text; company in text; place in several counties"
        ])
    }
  }

  private static func feed(_ items: [(title: String, summary: String, date: String?)]) -> String {
    let items = items.map { item in
      let date = item.date.map { "<pubDate>\($0)</pubDate>" } ?? ""
      let link = item.title.lowercased().filter { $0.isLetter }
      return """
        <item><title>\(item.title)</title><link>https://www.prnewswire.com/news-releases/\(link).html</link>\(date)\
        <description><![CDATA[<p>\(item.summary)</p>]]></description></item>
        """
    }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <rss version="2.0"><channel><title>News</title>\(items.joined(separator: "\n"))</channel></rss>
      """
  }

  /// Recordings with one feed, which `body` may write anew.
  private func withFeed(_ body: (Workshop, PostgresConnection, (String) throws -> Void) async throws -> Void)
    async throws
  {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/press_feeds/rss", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: PackageRoot.recordings + "/census_codes", toPath: folder + "/census_codes")
    try await opened(recordings: folder) { workshop, connection in
      try await body(workshop, connection) {
        try Data($0.utf8).write(to: URL(filePath: folder + "/press_feeds/rss/news-releases-list.rss"))
      }
    }
  }

  @Test("who speaks for a company is not the company, and what only sounds like a plant is not sure")
  func headlines() async throws {
    let headlines = [
      "Governor Hale Announces Ferro Batteries Will Locate First Plant in Memphis, Tennessee",
      "Cobalt Paper to Permanently Idle Mill in Prattville, Ala.",
      "Marlow Corp. Closes $40 Million Series B for Facilities Management",
      "Verity Robotics Opens Registration for Users Conference in Cleveland, Ohio",
      "Lattice Chips expands R&amp;D center in Indianapolis, IN, with US$250M investment",
      "Investors of Ferro Batteries: class action over plant closing in Memphis, Tennessee",
    ]
    try await withFeed { workshop, connection, write in
      try write(Self.feed(headlines.map { ($0, "", "Fri, 2 Oct 2026 18:33:00 +0000") }))
      try await scan(2026...2026, asOf: "2026-10", workshop, connection)
      #expect(
        try await lines(
          "SELECT ARRAY[company, kind, geo_id, investment_usd::text, confidence::text] FROM expansion_event ORDER BY company",
          connection) == [
            "Cobalt Paper | closure | 01001 | 0.7", "Ferro Batteries | new | 47157 | 0.7",
            "Lattice Chips | expansion | 18097 | 250000000 | 0.85",
          ])
    }
  }

  @Test("a release that lists its places is an event for each; one that names several otherwise waits for a person")
  func severalPlaces() async throws {
    let date = "Fri, 2 Oct 2026 18:33:00 +0000"
    let list = (
      title: "Ferro Batteries to Build Plants in Memphis, Tennessee; Prattville, Ala.; and Dublin, Ohio",
      summary: "Ferro Batteries will create 300 jobs and invest $90 million in the plants.", date: date as String?
    )
    let unclear = (
      title: "Cobalt Paper Expands Warehouse in Memphis, Tennessee, After Success in Cleveland, Ohio",
      summary: "Cobalt Paper will add 40 jobs.", date: date as String?
    )
    let based = (
      title: "Verity Robotics, Based in Cleveland, Ohio, Opens Plant in Indianapolis, Indiana", summary: "",
      date: date as String?
    )
    let elsewhere = (
      title:
        "Lattice Chips, With Offices in Memphis, Tennessee and Cleveland, Ohio, Opens Plant in Prattville, Alabama",
      summary: "", date: date as String?
    )
    let shared = (
      title: "Harlan Foods to Open Warehouses in Dublin and Upper Arlington, Ohio", summary: "", date: date as String?
    )
    // Of a list with a name that the Census does not know in that state, only what stands before the state is a place.
    let unknown = (
      title: "Nordby Dairy Opens Plant in Partnership and Cleveland, Ohio", summary: "", date: date as String?
    )
    let rows = """
      SELECT ARRAY[split_part(company, ' ', 1), place_name, coalesce(geo_id, candidate_geo_ids), coalesce(jobs::text, '-'),
        coalesce(release_jobs::text, '-'), coalesce(investment_usd::text, '-'), coalesce(release_investment_usd::text, '-'),
        place_count::text, CASE WHEN needs_review THEN 'review' ELSE 'sure' END]
      FROM expansion_event ORDER BY company, place_name
      """
    try await withFeed { workshop, connection, write in
      try write(Self.feed([list, unclear, based, elsewhere, shared, unknown]))
      try await scan(2026...2026, asOf: "2026-10", workshop, connection)
      let expected = [
        "Cobalt | Memphis | 47157 | 40 | 40 | - | - | 1 | review",
        "Ferro | Dublin | 39041,39049 | - | 300 | - | 90000000 | 3 | sure",
        "Ferro | Memphis | 47157 | - | 300 | - | 90000000 | 3 | sure",
        "Ferro | Prattville | 01001 | - | 300 | - | 90000000 | 3 | sure",
        "Harlan | Dublin | 39041,39049 | - | - | - | - | 2 | sure",
        "Harlan | Upper Arlington | 39049 | - | - | - | - | 2 | sure",
        "Lattice | Memphis | 47157 | - | - | - | - | 1 | review",
        "Nordby | Cleveland | 39035 | - | - | - | - | 1 | sure",
        "Verity | Indianapolis | 18097 | - | - | - | - | 1 | sure",
      ]
      #expect(try await lines(rows, connection) == expected)
      let identifiers = """
        SELECT ARRAY[count(*)::text, count(DISTINCT event_id)::text, count(DISTINCT release_id)::text,
          count(*) FILTER (WHERE event_id = release_id)::text, md5(string_agg(event_id, ' ' ORDER BY event_id))]
        FROM expansion_event
        """
      let first = try await lines(identifiers, connection)
      #expect(first.first?.hasPrefix("9 | 9 | 6 | 6 | ") == true)
      // Shown once more, and then no more.
      try await scan(2026...2026, asOf: "2026-10", workshop, connection)
      #expect(try await lines(identifiers, connection) == first)
      try write(Self.feed([based]))
      try await scan(2026...2026, asOf: "2026-11", workshop, connection)
      #expect(try await lines(rows, connection) == expected)
      #expect(try await lines(identifiers, connection) == first)
    }
  }

  @Test("a feed that is cut, and a page in place of one, do not stop the others, and are told with their reason")
  func unreadableFeeds() async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let industry = "/press_feeds/rss/heavy-industry-manufacturing-latest-news"
    let wire = "/press_feeds_globenewswire/RssFeed/orgclass/1/feedTitle"
    for directory in [industry, wire] {
      try FileManager.default.createDirectory(atPath: folder + directory, withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      atPath: PackageRoot.recordings + "/census_codes", toPath: folder + "/census_codes")
    func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(filePath: folder + path)) }
    let date = "Fri, 2 Oct 2026 18:33:00 +0000" as String?
    let whole = Self.feed([("Harlan Foods to build plant in Memphis, Tenn.", "", date)])
    let second = Self.feed([("Cobalt Paper to idle mill in Prattville, Ala.", "", date), ("Lost", "", date)])
    try write(whole, "/press_feeds/rss/news-releases-list.rss")
    let cut = try #require(second.firstRange(of: "Lost"))
    try write(String(second[..<cut.upperBound]), industry + "/heavy-industry-manufacturing-latest-news-list.rss")
    try write(
      "<!DOCTYPE html><html><head><title>Back soon</title></head><body></body></html>",
      wire + "/GlobeNewswire - News about Public Companies")
    try await opened(recordings: folder) { workshop, connection in
      try await scan(2026...2026, asOf: "2026-10", workshop, connection)
      try await workshop.enqueue("expansion_feed", 2026...2026, asOf: "2026-10", connection)
      try await workshop.work()
      #expect(
        try await lines("SELECT ARRAY[company, geo_id] FROM expansion_event ORDER BY company", connection) == [
          "Cobalt Paper | 01001", "Harlan Foods | 47157",
        ])
      #expect(
        try await lines(
          """
          SELECT ARRAY[split_part(feed, '/', 1), item_count::text, item_count_of_year::text,
            coalesce(regexp_replace(unreadable, '[0-9]+: .+', 'N: why'), '-')]
          FROM expansion_feed ORDER BY feed
          """, connection) == [
            "RssFeed | 0 | 0 | it is neither RSS nor Atom, but 'html'",
            "heavy-industry-manufacturing-latest-news | 1 | 1 | it is not well-formed XML on line N: why",
            "news-releases-list.rss | 1 | 1 | -",
          ])
      #expect(
        try await lines(
          """
          SELECT ARRAY[r.unexpected_count::text, severity] FROM quality.check_result r
          WHERE r.column_name = 'unreadable' AND NOT r.success
          """, connection) == ["2 | warn"])
    }
  }

  @Test("what a feed shows no more stays, and a year of which nothing was ever seen is not published")
  func forgottenItems() async throws {
    let plant = (
      title: "Harlan Foods to build plant in Memphis, Tenn.", summary: "MEMPHIS, Tenn., Oct. 2, 2026 /PRNewswire/ -- x",
      date: "Fri, 2 Oct 2026 18:33:00 +0000" as String?
    )
    let office = (
      title: "Corvid opens office in Cleveland, Ohio", summary: "y", date: "10 Oct 2026 09:45 EDT" as String?
    )
    let undated = (title: "Vandt closes mill in Prattville, Alabama", summary: "z", date: String?.none)
    try await withFeed { workshop, connection, write in
      let seen = """
        SELECT ARRAY[company, coalesce(published_at AT TIME ZONE 'UTC', published_on)::text, first_as_of, as_of]
        FROM expansion_event WHERE data_year = 2026 ORDER BY published_on NULLS LAST
        """
      try write(Self.feed([plant, plant]))
      try await scan(2025...2026, asOf: "2026-10", workshop, connection)
      #expect(try await lines(seen, connection) == ["Harlan Foods | 2026-10-02 18:33:00 | 2026-10 | 2026-10"])
      let failure = try await connection.query("SELECT reason FROM queue.task WHERE state = 'failed'")
      #expect(failure.count == 1)
      #expect(try failure[0].decode("reason", as: String.self).contains("no feed shows a release of 2025"))

      try write(Self.feed([office, undated]))
      try await scan(2026...2026, asOf: "2026-11", workshop, connection)
      #expect(
        try await lines(seen, connection) == [
          "Harlan Foods | 2026-10-02 18:33:00 | 2026-10 | 2026-11", "Corvid | 2026-10-10 13:45:00 | 2026-11 | 2026-11",
          "Vandt | 2026-11 | 2026-11",
        ])
    }
  }
}
