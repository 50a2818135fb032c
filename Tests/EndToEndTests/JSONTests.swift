import Base
import FoundationEssentials
import Testing
import TestSupport

/// Every command that prints takes `--json`, and what it prints then is JSON: all commands that there are, in the order in
/// which an operator could give them, on a fresh database.
struct JSONTests {
  private struct Step {
    /// As the help names it.
    var command: String
    var arguments: [String]
    var exitCode: Int32

    /// - Parameter line: the command, a bar, and its arguments.
    init(_ line: String, exitCode: Int32 = 0) {
      let parts = line.split(separator: "|", omittingEmptySubsequences: false)
      command = parts[0].split(separator: " ").joined(separator: " ")
      arguments = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
      self.exitCode = exitCode
    }
  }

  /// Commands that are left out, each with the reason.
  private static let exceptions = [
    "serve": "runs until it is stopped, and logs to standard error",
    "database psql": "prints what psql prints, which has formats of its own",
    "flow pause": "of a flow that aker serve has read: FlowTests", "flow resume": "the same",
    "flow trigger": "the same",
  ]

  private static let steps = [
    Step("database start"), Step("database url"), Step("migrate"), Step("config"), Step("doctor |--offline"),
    Step("catalog check"), Step("catalog ls"), Step("catalog apply"), Step("catalog docs |--output HOME/pages"),
    Step("catalog new |county_births --source census_acs5"), Step("sources"), Step("flow ls"),
    Step("flow history |collect-permits"),
    Step("plan |market_income --years 2011-2012"), Step("flow run |collect-permits --years 2020 --detach"),
    Step("cancel |--backfill 1 --yes"),
    Step("backfill |market_income --years 2011-2012 --as-of 2024-06 --detach"),
    Step("pause |--backfill 2"), Step("resume |--backfill 2"), Step("prioritize |--task 2"),
    Step("cancel |--dataset market_income --yes"),
    Step("backfill |market_income --years 2009-2010 --as-of 2024-06 --workers 1", exitCode: 1),
    Step("retry |--backfill 3 --error-class data --yes"), Step("cancel |--backfill 3 --yes"),
    Step("watch |3", exitCode: 0),
    Step("status"), Step("warnings"), Step("backfills"), Step("tasks"), Step("tasks |--ids"), Step("task |4"),
    Step("task |4 --log"),
    Step("why |4"),
    Step("workers"), Step("run |market_income --year 2012 --dry-run"), Step("run |market_income --year 2012"),
    Step("run |market_jobs --year 2021 --dry-run"),
    Step("run |expansion_event --year 2021"), Step("lineage show |market_income 2012"),
    Step("lineage export |--openlineage"), Step("validate |market_income"), Step("reproduce |market_income 2012"),
    Step("lake ls"), Step("lake history |market_income 2012"), Step("lake repair"), Step("lake prune |--dry-run"),
    Step("run |market_income --year 2012 --as-of 2024-07"),
    Step("lake rollback |market_income 2012 --to PUBLICATION --yes"),
    Step("lake withdraw |market_income 2012 --as-of 2024-07 --yes"), Step("lake adopt |--yes"),
    Step("alert ls"), Step("alert silence |dataset_stale --hours 1"), Step("token create |mia"), Step("token ls"),
    Step("token audit"), Step("token revoke |mia"),
    Step("demo start"), Step("demo env"), Step("demo stop"),
    Step("cache ls"), Step("cache forget |census_acs5"), Step("cache prune |--to 1GB --yes"),
    Step("review ls |expansion_event --below 1"),
    Step("review accept |expansion_event EVENT --reason right"),
    Step("review reject |expansion_event EVENT --reason wrong"),
    Step("review correct |expansion_event EVENT jobs=12 --reason phone"), Step("review decisions"),
    Step("database stop"),
    Step("database start"), Step("lake move |HOME/moved --yes"), Step("database remove |--yes"),
  ]

  @Test func everyCommandThatPrintsPrintsJSON() async throws {
    let dump = try await Program.run(Executable.aker, ["--experimental-dump-help"])
    let known = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8)).command.leaves([])
    #expect(known.count > 40)
    let tried = Set(Self.steps.map(\.command))
    #expect(Set(known) == tried.union(Self.exceptions.keys), "each command is tried here, or left out with a reason")
    #expect(tried.isDisjoint(with: Self.exceptions.keys))

    let faults = #"[{"path": "/census_acs5/data/2010", "fault": "changed_columns", "drop": ["NAME"]}]"#
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(simulator: ["--faults", file]) { home in
      var home = home
      home.environment["AKER_CATALOG_PATH"] = try home.copyOfCatalog()
      var places = ["HOME": home.path]
      var moments = 0
      for step in Self.steps {
        let arguments = step.arguments.map { places.reduce($0) { $0.replacing($1.key, with: $1.value) } }
        let command = step.command.split(separator: " ").map(String.init)
        let result = try await Program.run(
          Executable.aker, command + arguments + ["--json"], environment: home.environment)
        #expect(result.exitCode == step.exitCode, "\(step.command) \(arguments): \(result)")
        let values = try #require(JSONValue.all(in: result.output), "\(step.command): \(result)")
        #expect(!values.isEmpty, "\(step.command) printed nothing: \(result)")
        // OpenLineage's events have the names of its specification, and variables their own.
        if !["lineage export", "demo env"].contains(step.command) {
          let others = values.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
            .filter { $0.wholeMatch(of: /[a-z0-9]+(_[a-z0-9]+)*/) == nil }
          #expect(others.isEmpty, "\(step.command): keys in snake_case, and not \(others.sorted())")
        }
        for (key, text) in values.flatMap(\.moments) {
          moments += 1
          #expect(
            text.wholeMatch(of: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})/) != nil,
            "\(step.command): \(key) is '\(text)', and no time as RFC 3339 has it")
        }
        if step.command == "lake history" { places["PUBLICATION"] = values.first?.first("publication")?.text }
        if step.command == "review ls" { places["EVENT"] = values.first?.first("row")?.text }
      }
      #expect(moments > 40, "\(moments)")
    }
  }

  private struct Tool: Decodable {
    struct Command: Decodable {
      var commandName: String
      var subcommands: [Command]?

      func leaves(_ path: [String]) -> [String] {
        let children = (subcommands ?? []).filter { $0.commandName != "help" }
        return children.isEmpty
          ? [path.joined(separator: " ")] : children.flatMap { $0.leaves(path + [$0.commandName]) }
      }
    }
    var command: Command
  }
}

extension JSONValue {
  /// Of all objects in it.
  fileprivate var keys: Set<String> {
    switch self {
    case .array(let values): values.reduce(into: []) { $0.formUnion($1.keys) }
    case .object(let members): members.values.reduce(into: Set(members.keys)) { $0.formUnion($1.keys) }
    case .string, .integer, .number, .bool, .null: []
    }
  }

  /// Texts that are a moment: by what they look like, or by the name of their key. Rows of a dataset are as it has them.
  fileprivate var moments: [(key: String, text: String)] {
    switch self {
    case .array(let values): return values.flatMap(\.moments)
    case .object(let members):
      return members.filter { $0.key != "first_rows" }.flatMap { key, value -> [(key: String, text: String)] in
        guard case .string(let text) = value else { return value.moments }
        let isMoment = key.hasSuffix("_at") || text.wholeMatch(of: /\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}.{0,24}/) != nil
        return isMoment ? [(key, text)] : []
      }
    case .string, .integer, .number, .bool, .null: return []
    }
  }

  /// One value over all of the text, or one a line.
  ///
  /// - Returns: nil where it is neither.
  fileprivate static func all(in text: String) -> [JSONValue]? {
    if let value = JSONValue.parse(text.utf8) { return [value] }
    let lines = text.split(separator: "\n").map { JSONValue.parse($0.utf8) }
    return lines.contains { $0 == nil } ? nil : lines.compactMap { $0 }
  }

  /// Of the first object in an array.
  fileprivate func first(_ key: String) -> JSONValue? {
    guard case .array(let values) = self, case .object(let fields)? = values.first else { return nil }
    return fields[key]
  }

  fileprivate var text: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): "\(number)"
    default: nil
    }
  }
}
