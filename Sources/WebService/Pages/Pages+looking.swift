internal import Base
internal import Catalog
internal import Console
internal import Dashboard
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Lineage
internal import Schedule

/// The pages that only look.
extension Pages {
  func grid(_ visit: Visit) async throws -> HTML {
    let fields = visit.fields
    let choice = GridPage.Choice(
      backfill: try Self.integer(fields, "backfill"), asOf: fields["as_of"], flow: fields["flow"],
      search: fields["dataset"], until: try Self.integer(fields, "until").map(Int.init),
      page: Int(try Self.integer(fields, "page") ?? 1))
    var query = fields.query("backfill", "as_of", "flow")
    if let search = choice.search { query.append(("search", search)) }
    // A year or a page of another address is no fault: the nearest is shown.
    if let until = choice.until { query.append(("until", "\(min(9999, max(0, until)))")) }
    query += [
      ("years", "\(GridPage.columnCount)"), ("page", "\(min(choice.page, 1_000_000))"),
      ("limit", "\(GridPage.rowCount)"),
    ]
    let grid: StatusGrid = try await ask("getGrid", visit, query: query, isShared: true)
    let backfills: [BackfillLine] = try await ask("listBackfills", visit, query: [("limit", "30")], isShared: true)
    let flows: [FlowLine] = try await ask("listFlows", visit, isShared: true)
    let overview: [OverviewLine] = try await ask("getOverview", visit, isShared: true)
    return GridPage(
      grid: grid, choice: choice, backfills: backfills, flows: flows.map(\.name), overview: overview,
      thisYear: Calendar(identifier: .gregorian).component(.year, from: Date())
    ).html(visit.frame)
  }

  private static func integer(_ fields: Fields, _ name: String) throws -> Int64? {
    if case .integer(let number)? = try fields.number(name) { number } else { nil }
  }

  func backfills(_ visit: Visit) async throws -> HTML {
    let (lines, next): ([BackfillLine], Int64?) = try await page(
      "listBackfills", visit, query: [("limit", "50")] + visit.fields.query("cursor"))
    return Lists.backfills(lines, next: address(of: "backfills", visit, next), visit.frame)
  }

  func backfill(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let id = context.parameters.get("backfill") ?? ""
    let record: SnapshotRecord = try await ask("watchBackfill", visit, path: ["backfill": id])
    let detail: BackfillDetail = try await ask("getBackfillDetail", visit, path: ["backfill": id])
    return BackfillPage(id: Int64(id) ?? 0, record: record, detail: detail).html(visit.frame)
  }

  func tasks(_ visit: Visit) async throws -> HTML {
    let fields = visit.fields
    let names = fields.query("backfill", "state", "dataset", "year", "error_class", "warned", "all", "cursor")
    let (lines, next): ([TaskLine], Int64?) = try await page("listTasks", visit, query: [("limit", "100")] + names)
    let choice = Lists.TaskChoice(
      backfill: fields["backfill"], state: fields["state"], dataset: fields["dataset"], year: fields["year"],
      errorClass: fields["error_class"], isWarned: fields.has("warned"), isAll: fields.has("all"))
    return Lists.tasks(lines, choice, next: address(of: "tasks", visit, next), visit.frame)
  }

  /// Of what follows on a list; nil where nothing does.
  private func address(of list: String, _ visit: Visit, _ next: Int64?) -> String? {
    guard let next else { return nil }
    let kept = visit.fields.items.filter { $0.name != "cursor" && $0.name != "did" && !$0.value.isEmpty }
    return site.path(list, query: kept.map { ($0.name, $0.value) } + [("cursor", Exchange.cursor(after: next))])
  }

  func task(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let path = ["task": context.parameters.get("task") ?? ""]
    let story: TaskStory = try await ask("getTask", visit, path: path)
    let log: [TaskLogLine] = try await ask("getTaskLog", visit, path: path)
    return TaskPage(story: story, log: log).html(visit.frame)
  }

  func partition(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let (dataset, text) = (Self.parameter("dataset", context), Self.parameter("year", context))
    guard let year = Int(text), (1500...2500).contains(year) else {
      throw Problem(.notFound, "there is no year '\(OutsideText.line(text))'")
    }
    let region = visit.fields["region"] ?? ""
    let (all, next): ([TaskLine], Int64?) = try await page(
      "listTasks", visit, query: [("dataset", dataset), ("year", text), ("limit", "1000")])
    let regions = Set(all.map(\.region)).sorted()
    // The one region that there is needs no choice.
    let shown = region.isEmpty && regions.count == 1 ? regions[0] : region
    let place = [(name: "region", value: shown)].filter { !$0.value.isEmpty }
    let path = ["dataset": dataset, "year": text]
    let history: [PublicationLine]? = try await find("getLakeHistory", visit, path: path, query: place)
    let lineage: LineageTree? = try await find("getLineage", visit, path: path, query: place)
    let warnings: [WarningLine] = try await ask("listWarnings", visit, query: [("dataset", dataset), ("year", text)])
    let tasks = shown.isEmpty ? all : all.filter { $0.region == shown }
    return PartitionPage(
      dataset: dataset, year: year, region: shown, tasks: tasks, hasMore: next != nil,
      regions: regions, history: history ?? [], warnings: warnings.filter { shown.isEmpty || $0.region == shown },
      lineage: lineage
    ).html(visit.frame)
  }

  /// As it was before it was put into an address.
  static func parameter(_ name: String, _ context: APIContext) -> String {
    PercentEncoding.decoded(context.parameters.get(name) ?? "")
  }

  func list(_ place: Frame.Place, _ visit: Visit) async throws -> HTML {
    switch place {
    case .sources:
      let entries: [SourceEntry] = try await ask("listSources", visit)
      return Lists.sources(entries, visit.frame)
    case .workers:
      let lines: [WorkerLine] = try await ask("listWorkers", visit)
      let overview: [OverviewLine] = try await ask("getOverview", visit, isShared: true)
      return Lists.workers(
        lines, isPaused: overview.contains { $0.item == "queue" && $0.value == "paused" }, visit.frame)
    case .flows:
      let lines: [FlowLine] = try await ask("listFlows", visit)
      return Lists.flows(lines, visit.frame)
    case .alerts:
      let lines: [AlertLine] = try await ask("listAlerts", visit)
      return Lists.alerts(lines, visit.frame)
    case .audit:
      let (lines, next): ([AuditLine], Int64?) = try await page("listAudit", visit, query: visit.fields.query("cursor"))
      return Lists.audit(lines, next: address(of: "audit", visit, next), visit.frame)
    case .tokens:
      let lines: [AccessToken] = try await ask("listTokens", visit)
      return Lists.tokens(lines, made: nil, visit.frame)
    case .grid, .backfills, .tasks, .datasets, .map, .explore: throw Problem(.notFound, "there is no such page")
    }
  }

  func batch(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let id = context.parameters.get("batch") ?? ""
    let batch: Batch = try await ask("getBatch", visit, path: ["batch": id])
    let tasks: [BatchTask] = try await ask("listBatchTasks", visit, path: ["batch": id], query: [("limit", "200")])
    return BatchPage(batch: batch, tasks: tasks).html(visit.frame)
  }

  func flow(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let name = Self.parameter("flow", context)
    let lines: [FlowLine] = try await ask("listFlows", visit)
    let line = lines.first { $0.name == name }
    // One that the catalog has and that no coordinator has read yet has no history; nor has one that there is not.
    let history: [FlowLedger.Due]? = try await find(
      "getFlowHistory", visit, path: ["flow": name], query: [("limit", "100")])
    guard line != nil || history != nil else {
      throw Problem(.notFound, "there is no flow '\(OutsideText.line(name))'", hint: "aker flow ls lists them.")
    }
    return Lists.flow(name, line, history ?? [], visit.frame)
  }

  func datasets(_ visit: Visit) async throws -> HTML {
    // Counts are told of all years.
    let grid: StatusGrid = try await ask("getGrid", visit, query: [("years", "1")], isShared: true)
    return DatasetPages.list(grid, visit.frame)
  }

  func dataset(_ visit: Visit, _ context: APIContext) async throws -> HTML {
    let name = Self.parameter("dataset", context)
    let story: DatasetStory = try await ask("getDataset", visit, path: ["dataset": name])
    let sample: DatasetSample = try await ask("sampleDataset", visit, path: ["dataset": name])
    return DatasetPages.page(story, sample, visit.frame)
  }
}

extension Frame.Place {
  /// Those that are one list each.
  static let lists: [Frame.Place] = [.sources, .workers, .flows, .alerts, .audit, .tokens]
}
