internal import Base
internal import Catalog
internal import CatalogTools
internal import Console
internal import Dashboard
internal import FoundationEssentials
internal import HTTPTypes

/// What an act would do, shown before it is done.
extension Pages {
  func preview(_ visit: Visit) async throws -> HTML {
    let fields = visit.fields
    let page: PreviewPage
    switch fields["act"] ?? "" {
    case let act where ["retry", "cancel", "prioritize"].contains(act) && !fields.all("cell").isEmpty:
      page = try await cellsPreview(act, visit)
    case let act where LakePreview.Act(rawValue: act) != nil: page = try await lakePreview(act, visit)
    case let act where ActPreview.Act(rawValue: act) != nil: page = try await targetPreview(act, visit)
    case "backfill": page = try await backfillPreview(visit)
    case let act:
      guard let simple = SimpleAct(act, fields) else {
        throw Problem(.unprocessableContent, "there is no act '\(OutsideText.line(act))'")
      }
      page = PreviewPage(
        heading: simple.heading, sentences: [simple.sentence], commands: simple.command.map { [$0] } ?? [],
        fields: simple.fields, label: simple.heading, back: back(visit))
    }
    return page.html(visit.frame, key: Self.random())
  }

  func back(_ visit: Visit) -> String { site.safe(visit.fields["back"]) }

  // MARK: One target

  /// The members of an operation's body that name what it is about.
  static func target(_ fields: Fields) throws -> [String: JSONValue] {
    var body = fields.json("dataset", "source", "error_class", "definition")
    body["task"] = try fields.number("task")
    body["backfill"] = try fields.number("backfill")
    if fields.has("queue") { body["queue"] = .bool(true) }
    return body
  }

  private func targetPreview(_ act: String, _ visit: Visit) async throws -> PreviewPage {
    let target = try Self.target(visit.fields)
    let told: ActPreview = try await ask("previewAct", visit, body: target.merging(["act": .string(act)]) { $1 })
    var table = HTML.empty
    if ["retry", "cancel", "prioritize"].contains(act), target["task"] == nil, told.count > 0 {
      let preview: BatchPreview = try await ask(
        "previewBatch", visit, body: ["act": .string(act), "selection": .object(target)])
      table = examples(preview)
    }
    let heading = act.prefix(1).uppercased() + act.dropFirst()
    let isFree = act == "pause" || act == "resume"
    let label = told.count > 0 || isFree ? heading + (told.count > 1 ? " \(told.count.counted("task"))" : "") : nil
    return PreviewPage(
      heading: heading, sentences: [told.text],
      notes: (told.left_alone.map { [$0] } ?? []) + (label == nil ? ["There is nothing to do."] : []),
      commands: [told.command], table: table,
      fields: [("act", act)]
        + target.compactMap { name, value in value.text.map { (name, $0) } }.sorted { $0.0 < $1.0 },
      label: label, back: back(visit))
  }

  private func examples(_ preview: BatchPreview) -> HTML {
    let rows: [HTML] = preview.examples.prefix(20).map {
      """
      <tr><td><a href="\(site.task($0.task_id))">\($0.task_id)</a></td><td>\($0.partition)</td>\
      <td>\(Words.badge(word: $0.state))</td><td class="wrap">\($0.obstacle)</td></tr>
      """
    }
    return PreviewPage.examples(rows, of: preview.tasks)
  }

  // MARK: Cells of the grid

  /// Years by dataset, as the grid's ticks say them.
  ///
  /// - Throws: `Problem` for what no tick says.
  static func cells(_ fields: Fields) throws -> [(dataset: String, years: [Int])] {
    var years: [String: Set<Int>] = [:]
    for cell in fields.all("cell") {
      let parts = cell.split(separator: " ")
      guard parts.count == 2, let year = Int(parts[1]), (1500...2500).contains(year) else {
        throw Problem(.unprocessableContent, "'\(OutsideText.line(cell))' is no year of a dataset")
      }
      years[String(parts[0]), default: []].insert(year)
    }
    guard !years.isEmpty else {
      throw Problem(.unprocessableContent, "nothing is selected", hint: "Tick years on the grid, or drag over them.")
    }
    return years.map { (dataset: $0.key, years: $0.value.sorted()) }.sorted { $0.dataset < $1.dataset }
  }

  static func selection(_ dataset: String, _ years: [Int]) -> JSONValue {
    .object(["dataset": .string(dataset), "years": .array(years.map { .integer(Int64($0)) })])
  }

  private func cellsPreview(_ act: String, _ visit: Visit) async throws -> PreviewPage {
    let cells = try Self.cells(visit.fields)
    var (count, obstructed, table): (Int, Int, [BatchPreview.Example]) = (0, 0, [])
    for (dataset, years) in cells {
      let preview: BatchPreview = try await ask(
        "previewBatch", visit, body: ["act": .string(act), "selection": Self.selection(dataset, years)])
      count += preview.tasks
      obstructed += preview.obstructed
      table += preview.examples
    }
    let what = cells.map { "\($0.dataset) \(YearList(years: $0.years))" }.joined(separator: ", ")
    let sentence =
      switch act {
      case "retry": "This tries again \(count.counted("failed task")) of \(what)."
      case "cancel": "This cancels \(count.counted("task")) of \(what)."
      default: "This puts \(count.counted("waiting task")) of \(what) before all others."
      }
    let single = cells.count == 1 ? table : []
    let commands =
      count > 0 && count <= 8 && single.count == count
      ? single.map { "aker \(act) --task \($0.task_id)" }
      : cells.map { cell in
        let body = JSONValue.object(["act": .string(act), "selection": Self.selection(cell.dataset, cell.years)]).json
        return
          "curl -s http://\(visit.head.authority ?? "")\(site.prefix)\(OpenAPI.base)/batches -H 'Content-Type: application/json' -d '\(body)'"
      }
    let heading = act.prefix(1).uppercased() + act.dropFirst()
    return PreviewPage(
      heading: heading, sentences: [sentence],
      notes: (obstructed > 0 ? ["\(obstructed.counted("task")) of them will be left alone; the list says why."] : [])
        + (count == 0 ? ["There is nothing to do."] : []),
      commands: count == 0 ? [] : commands,
      table: examples(BatchPreview(tasks: count, obstructed: obstructed, examples: table)),
      fields: [("act", act)] + visit.fields.all("cell").map { ("cell", $0) },
      label: count > 0 ? "\(heading) \(count.counted("task"))" : nil, back: back(visit))
  }

  // MARK: What is published

  /// Checking and taking back need the lake's files: they are done where those are, by the command.
  private func lakePreview(_ act: String, _ visit: Visit) async throws -> PreviewPage {
    var previews: [(dataset: String, told: LakePreview)] = []
    for (dataset, years) in try Self.cells(visit.fields) {
      let body: [String: JSONValue] = [
        "act": .string(act), "dataset": .string(dataset), "years": .array(years.map { .integer(Int64($0)) }),
      ]
      previews.append((dataset, try await ask("previewLake", visit, body: body)))
    }
    let rows: [HTML] = previews.flatMap { dataset, told in
      told.partitions.map { partition -> HTML in
        let name = "\(dataset) \(partition.data_year)\(partition.region.isEmpty ? "" : " \(partition.region)")"
        let address = site.partition(dataset, partition.data_year, region: partition.region)
        return "<tr><td><a href=\"\(address)\">\(name)</a></td><td class=\"wrap\">\(partition.text)</td></tr>"
      }
    }
    let isAny = previews.contains { $0.told.count > 0 }
    let more = previews.filter(\.told.has_more).map {
      "\($0.dataset) has more: the first \(LakePreview.mostPartitions) partitions are told."
    }
    return PreviewPage(
      heading: act == "validate" ? "Validate" : "Roll back", sentences: previews.map(\.told.text),
      notes: more
        + [
          isAny
            ? "It is done where the lake's files are: copy the command below to a host that has them."
            : "There is nothing to do."
        ], commands: previews.flatMap(\.told.commands),
      table: "<h2>Which</h2>\(Words.table("Which partitions", ["Partition", "What happens"], rows))", fields: [],
      label: nil,
      back: back(visit))
  }

  // MARK: A backfill

  /// What the plan is asked, and the backfill after it: one request for all datasets of the same years.
  static func requests(_ fields: Fields) throws -> [[String: JSONValue]] {
    var common = fields.json("only", "as_of", "order", "flow", "years")
    if fields.has("with_upstream") { common["with_upstream"] = .bool(true) }
    common["max_running"] = try fields.number("max_running")
    if let regions = fields["regions"] {
      common["regions"] = .array(regions.split { $0 == "," || $0 == " " }.map { .string(String($0)) })
    }
    func names(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
    if !fields.all("cell").isEmpty {
      let groups = Dictionary(grouping: try cells(fields), by: \.years)
      return groups.sorted { $0.value[0].dataset < $1.value[0].dataset }.map { years, cells in
        common.merging(["datasets": names(cells.map(\.dataset)), "years": .string("\(YearList(years: years))")]) { $1 }
      }
    }
    let datasets = fields.all("datasets").filter { !$0.isEmpty }
    if !datasets.isEmpty { common["datasets"] = names(datasets) }
    return [common]
  }

  static func command(_ request: [String: JSONValue], priority: String?) -> String {
    var command = "aker backfill"
    if case .array(let names)? = request["datasets"] { command += names.compactMap(\.text).map { " " + $0 }.joined() }
    for (name, option) in [
      ("flow", "--flow"), ("years", "--years"), ("only", "--only"), ("as_of", "--as-of"), ("order", "--order"),
      ("max_running", "--max-running"),
    ] {
      if let text = request[name]?.text, !(name == "only" && text == "missing"), !(name == "order" && text == "newest")
      {
        command += " \(option) \(text)"
      }
    }
    if case .array(let regions)? = request["regions"] {
      command += " --regions " + regions.compactMap(\.text).joined(separator: ",")
    }
    if request["with_upstream"] != nil { command += " --with-upstream" }
    if let priority, priority != "0" { command += " --priority \(priority)" }
    return command
  }

  private func backfillPreview(_ visit: Visit) async throws -> PreviewPage {
    let requests = try Self.requests(visit.fields)
    var plans: [Plan] = []
    for request in requests { plans.append(try await ask("plan", visit, body: request)) }
    let tasks = plans.reduce(0) { $0 + $1.forecast.tasks }
    let skipped = plans.reduce(0) { $0 + $1.forecast.skipped }
    var sentence = "This enqueues \(tasks.counted("task"))"
    if skipped > 0 { sentence += " and skips \(skipped.counted("partition"))" }
    if let seconds = plans.compactMap(\.forecast.seconds).max(), seconds >= 1 {
      sentence += ", about \(Words.seconds(seconds)) of work"
    }
    let notes = plans.flatMap { plan in
      [plan.note, plan.regionNote].compactMap { $0 } + plan.forecast.unmet_dependencies.map(\.text)
    }
    return PreviewPage(
      heading: "Backfill", sentences: [sentence + "."],
      notes: notes + (tasks == 0 ? ["Nothing needs to be done. To build it all the same, choose “all of them”."] : []),
      commands: requests.map { Self.command($0, priority: visit.fields["priority"]) },
      table: PlanTable(plans: plans).html(visit.frame),
      fields: visit.fields.items.filter { !["back", "form", "key"].contains($0.name) }.map { ($0.name, $0.value) },
      label: tasks > 0 ? "Enqueue \(tasks.counted("task"))" : nil, back: back(visit))
  }

  func newBackfill(_ visit: Visit) async throws -> HTML {
    let flows: [FlowLine] = try await ask("listFlows", visit)
    let known: [CatalogDatasetLine] = try await ask("listCatalog", visit)
    return BackfillForm(
      chosen: Dictionary(visit.fields.items.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + " " + $1 }),
      datasets: known.map { (name: $0.name, title: $0.title) }, flows: flows.map(\.name)
    ).html(visit.frame)
  }
}
