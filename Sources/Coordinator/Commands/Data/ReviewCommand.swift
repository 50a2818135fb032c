import ArgumentParser
import Console
import FoundationEssentials
import Postgres

/// Rows that are not sure enough to be shown unread, and what people decide about them.
struct ReviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Look over published rows that are not sure, one by one: accept, reject or correct them.",
    discussion: """
      For datasets whose definition has a review (docs/datasets.md), such as expansions that were read out of press releases. \
      Decisions are kept beside the published rows, with who decided and why, and survive every refresh: the view \
      DATASET_reviewed applies the newest of each row.

      EXAMPLES
        aker review ls
        aker review accept expansion_event 83895adc --reason "the release says so"
        aker review reject expansion_event 09493afb --reason "a sales office"
        aker review correct expansion_event 31da79e0 jobs=120 --reason recount
      """,
    subcommands: [List.self, Accept.self, Reject.self, Correct.self, Decisions.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List rows that wait for a person: what was read, and how sure it is.",
      discussion: """
        EXAMPLES
          aker review ls
          aker review ls expansion_event --year 2026 --below 0.75
          aker review ls --json | jq '.[].shown'
        """)
    @Argument(help: "Of this dataset only.") var dataset: String?
    @Option(help: "Only rows of this year.") var year: Int?
    @Option(
      help: ArgumentHelp(
        "Rows with less confidence than this, between 0 and 1; those that wait unless told.", valueName: "confidence"))
    var below: Double?
    @OptionGroup var options: GlobalOptions

    func validate() throws {
      if let below, !(0...1).contains(below) { throw ValidationError("--below is between 0 and 1") }
    }

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      var reviewed = try await Review.datasets(connection)
      if let dataset {
        reviewed = reviewed.filter { $0.name == dataset }
        // The database says it, and which are.
        if reviewed.isEmpty { reviewed = [(name: dataset, shows: [])] }
      }
      var all: [Review.Row] = []
      for (name, shows) in reviewed {
        let rows = try await Review.undecided(name, shows: shows, year: year, below: below, connection)
        all += rows
        if options.json || rows.isEmpty { continue }
        print(Style(.standardOutput).bold(name))
        printTable(
          ["row", "sure"] + shows,
          rows.map { row in
            [row.row, row.confidence.map { "\($0)" } ?? ""] + shows.map { row.shown[$0] ?? "" }
          }, whenEmpty: "")
      }
      if options.json { return try printJSON(all) }
      if all.isEmpty { print("nothing waits for review") }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that a row is right as it was read; takes back earlier decisions about it.",
      discussion: "EXAMPLES\n  aker review accept expansion_event 83895adc --reason \"the release says so\"")
    @OptionGroup var decision: ReviewDecisionOptions

    func run() async throws { try await decision.record("accept") }
  }

  struct Reject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that a row is none: the view of the reviewed rows leaves it out.",
      discussion: "EXAMPLES\n  aker review reject expansion_event 09493afb --reason \"a sales office\"")
    @OptionGroup var decision: ReviewDecisionOptions

    func run() async throws { try await decision.record("reject") }
  }

  struct Correct: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is right: the view of the reviewed rows shows that in the place of what was read.",
      discussion: """
        What an earlier correction changed stays so unless it is named again. The word none takes a value away. Which columns \
        can be corrected, and to what, the dataset's definition says.

        EXAMPLES
          aker review correct expansion_event 31da79e0 geo_id=29095 --reason county
          aker review correct expansion_event 31da79e0 jobs=none --reason all
        """)
    @OptionGroup var decision: ReviewDecisionOptions
    @Argument(help: ArgumentHelp("What is right, as column=value.", valueName: "column=value")) var changes: [String] =
      []

    func validate() throws {
      _ = try parsed()
    }

    private func parsed() throws -> [String: String?] {
      if changes.isEmpty {
        throw ValidationError("a correction says what is right, for instance: jobs=250")
      }
      return try changes.reduce(into: [:]) { parsed, change in
        guard let end = change.firstIndex(of: "="), end > change.startIndex else {
          throw ValidationError("'\(change)' is not column=value")
        }
        let value = String(change[change.index(after: end)...])
        parsed.updateValue(value == "none" ? nil : value, forKey: String(change[..<end]))
      }
    }

    func run() async throws { try await decision.record("correct", try parsed()) }
  }

  struct Decisions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List all decisions, the newest first: what was decided, by whom and why.",
      discussion: "EXAMPLES\n  aker review decisions\n  aker review decisions expansion_event --json")
    @Argument(help: "Of this dataset only.") var dataset: String?
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      let decisions = try await Review.decisions(dataset, connection)
      if options.json { return try printJSON(decisions) }
      printTable(
        ["dataset", "row", "at (UTC)", "by", "decision", "changes", "reason"],
        decisions.map { line in
          let time = line.decided_at.formatted(.iso8601).replacing("T", with: " ").prefix("YYYY-MM-DD HH:MM".count)
          let changes = line.changes.sorted { $0.key < $1.key }.map { "\($0)=\($1 ?? "none")" }
          return [
            line.dataset, line.row, String(time), line.decided_by, line.decision, changes.joined(separator: " "),
            line.reason,
          ]
        }, whenEmpty: "nothing was decided yet")
    }
  }
}
