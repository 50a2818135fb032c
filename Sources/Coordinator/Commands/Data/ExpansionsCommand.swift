import ArgumentParser
import Postgres

/// Events that were read out of press releases, and what people decide about them.
struct ExpansionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expansions",
    abstract: "Review announced expansions, closures and moves that were read out of press releases.",
    discussion: """
      Decisions are kept beside the published rows, with who decided and why, and survive every refresh: the view \
      expansion_event_reviewed applies the newest of each event.

      EXAMPLES
        aker expansions review
        aker expansions accept 83895adc --reason "the release says so"
        aker expansions reject 09493afb --reason "a sales office of two people"
        aker expansions correct 31da79e0 --geo-id 29095 --jobs 120 --reason "recount"
      """,
    subcommands: [Review.self, Accept.self, Reject.self, Correct.self, Decisions.self])

  struct Review: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List events that wait for a person: what was read, from where, and how sure it is.",
      discussion: """
        EXAMPLES
          aker expansions review
          aker expansions review --year 2026 --below 0.75
          aker expansions review --json | jq '.[].link'
        """)
    @Option(help: "Only events of this year.") var year: Int?
    @Option(
      help: ArgumentHelp(
        "Events with less confidence than this, between 0 and 1; those below 0.6 unless told.", valueName: "confidence")
    )
    var below: Double?
    @OptionGroup var options: GlobalOptions

    func validate() throws {
      if let below, !(0...1).contains(below) { throw ValidationError("--below is between 0 and 1") }
    }

    private static let waiting = """
      FROM expansion_event_reviewed
      WHERE review IN ('waiting', 'unreviewed') AND CASE WHEN $2::float8 IS NULL THEN review = 'waiting' ELSE confidence < $2 END
        AND ($1::int IS NULL OR data_year = $1)
      ORDER BY confidence DESC, published_on DESC, event_id
      """

    func run() async throws {
      let connection = try await ExpansionsCommand.connect(options)
      if options.json {
        return try await printQuery(
          connection,
          """
          SELECT event_id, data_year, kind, company, place_name, state_code, geo_id, jobs, investment_usd, published_on, title,
            link, confidence, evidence \(Self.waiting)
          """, [year, below], json: true, whenEmpty: "")
      }
      // A headline as wide as leaves room for the rest: the whole of it is in --json and behind the link.
      try await printQuery(
        connection,
        """
        SELECT event_id AS event, published_on AS date, confidence AS sure, kind, left(company, 24) AS company,
          concat_ws(' ', place_name, '(' || coalesce(geo_id, state_code) || ')') AS place, jobs, left(title, 48) AS headline
        \(Self.waiting)
        """, [year, below], json: false, whenEmpty: "nothing waits for review")
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that an event is right as it was read; takes back earlier decisions about it.",
      discussion: "EXAMPLES\n  aker expansions accept 83895adc --reason \"the release says so\"")
    @OptionGroup var decision: ExpansionDecision

    func run() async throws { try await decision.record("accept") }
  }

  struct Reject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that it is no such event: expansion_event_reviewed leaves it out.",
      discussion: "EXAMPLES\n  aker expansions reject 09493afb --reason \"a sales office of two people\"")
    @OptionGroup var decision: ExpansionDecision

    func run() async throws { try await decision.record("reject") }
  }

  struct Correct: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is right: expansion_event_reviewed shows that in the place of what was read.",
      discussion: """
        What an earlier correction changed stays so unless it is named again. The word none takes a value away.

        EXAMPLES
          aker expansions correct 31da79e0 --geo-id 29095 --reason "Jackson County"
          aker expansions correct 31da79e0 --jobs none --reason "of the whole firm"
        """)
    @OptionGroup var decision: ExpansionDecision
    @Option(help: "closure, relocation, expansion or new.") var kind: String?
    @Option(help: "Who announced it.") var company: String?
    @Option(help: ArgumentHelp("City or county.", valueName: "name")) var place: String?
    @Option(help: ArgumentHelp("State FIPS code, 2 digits; that of --geo-id unless told.", valueName: "code"))
    var stateCode: String?
    @Option(help: ArgumentHelp("County, 5 digits.", valueName: "code")) var geoId: String?
    @Option(help: ArgumentHelp("Jobs.", valueName: "number")) var jobs: String?
    @Option(help: ArgumentHelp("Investment in US dollars.", valueName: "dollars")) var investment: String?

    func run() async throws {
      let changes = [
        "kind": kind, "company": company, "place_name": place, "state_code": stateCode, "geo_id": geoId, "jobs": jobs,
        "investment_usd": investment,
      ].compactMapValues { $0 }
      if changes.isEmpty {
        throw Failure(.usage, "a correction says what is right", advice: "For instance: --jobs 250, or --geo-id 39049")
      }
      try await decision.record("correct", changes)
    }
  }

  struct Decisions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List all decisions, the newest first: what was decided, by whom and why.",
      discussion: "EXAMPLES\n  aker expansions decisions\n  aker expansions decisions --json")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await ExpansionsCommand.connect(options)
      if options.json {
        return try await printQuery(
          connection, "SELECT * FROM review.expansion_decision ORDER BY decision_id DESC", json: true, whenEmpty: "")
      }
      try await printQuery(
        connection,
        """
        SELECT event_id AS event, date_trunc('second', decided_at) AS at, decided_by AS by, decision,
          nullif(changes::text, '{}') AS changes, reason
        FROM review.expansion_decision ORDER BY decision_id DESC
        """, json: false, whenEmpty: "nothing was decided yet")
    }
  }

  /// - Throws: `Failure` when nothing was published that could be reviewed.
  static func connect(_ options: GlobalOptions) async throws -> PostgresConnection {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    let row = try await connection.one(
      "SELECT to_regclass('public.expansion_event_reviewed') IS NOT NULL AS is_there")
    guard try row.decode("is_there") else {
      throw Failure(.usage, "no event was published yet", advice: "Run: aker flow run scan-expansions")
    }
    return connection
  }
}
