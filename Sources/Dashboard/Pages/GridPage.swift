package import Console

/// The first page: dataset × year.
package struct GridPage: Sendable {
  package struct Choice: Sendable {
    package var backfill: Int64?
    package var asOf: String?
    package var flow: String?
    /// Part of a dataset's name.
    package var search: String?
    /// The last year that is shown; nil for the latest.
    package var until: Int?
    /// From 1.
    package var page: Int

    package init(
      backfill: Int64? = nil, asOf: String? = nil, flow: String? = nil, search: String? = nil, until: Int? = nil,
      page: Int = 1
    ) {
      self.backfill = backfill
      self.asOf = asOf
      self.flow = flow
      self.search = search
      self.until = until
      self.page = max(1, page)
    }

    var isPlain: Bool { backfill == nil && asOf == nil && flow == nil && search == nil }
  }

  package var grid: StatusGrid
  package var choice: Choice
  package var backfills: [BackfillLine]
  package var flows: [String]
  package var overview: [OverviewLine]
  package var thisYear: Int

  package init(
    grid: StatusGrid, choice: Choice, backfills: [BackfillLine], flows: [String], overview: [OverviewLine],
    thisYear: Int
  ) {
    self.grid = grid
    self.choice = choice
    self.backfills = backfills
    self.flows = flows
    self.overview = overview
    self.thisYear = thisYear
  }

  /// Columns on one screen, and rows on one page.
  package static let columnCount = 15
  package static let rowCount = 60

  package func html(_ frame: Frame) -> HTML {
    let rows = grid.rows
    let body: HTML =
      rows.isEmpty
      ? nothing(frame)
      : """
      <form method="post" action="\(frame.site.path("select"))" id="selection">\
      <input type="hidden" name="back" value="\(frame.here)">\(table(rows, frame))\(pager(frame))\
      \(bar(frame))</form>\(legend)
      """
    let acts: HTML =
      frame.mayAct ? "<a class=\"button\" href=\"\(frame.site.path("backfills", "new"))\">New backfill</a>" : .empty
    return frame.page(
      "Grid", .grid, isWide: true,
      "\(frame.title("Grid", summary, acts))\(lines(frame))\(filters(frame))\(body)")
  }

  private func nothing(_ frame: Frame) -> HTML {
    choice.isPlain
      ? Words.nothing(
        "Nothing was backfilled yet. <a href=\"\(frame.site.path("backfills", "new"))\">Begin with a backfill</a>.")
      : Words.nothing("No dataset is like this. <a href=\"\(frame.site.path(""))\">Show all</a>.")
  }

  private var summary: HTML {
    let counts = GridCell.Fact.allCases.compactMap { fact -> HTML? in
      let count = grid.count(fact)
      return count == 0 || fact == .none
        ? nil
        : "<span class=\"badge \(fact.style)\"><i aria-hidden=\"true\">\(String(fact.sign))</i>\(Words.count(count)) \(fact.meaning)</span>"
    }
    return "<span class=\"badges\">\(counts)</span>"
  }

  /// What stands in the way: a pause, a cool-down, no worker.
  private func lines(_ frame: Frame) -> HTML {
    let workers = overview.first { $0.item == "workers" }
    let waits = grid.count(.waiting) + grid.count(.blocked) > 0
    var notes: [HTML] = overview.filter { ["paused", "cooling down"].contains($0.value) }.map {
      "<li><b>\($0.item) is \($0.value)</b>\($0.detail.map { ": \($0)" as HTML }) \(resume($0, frame))</li>"
    }
    if workers?.value == "0", waits {
      notes.append("<li><b>No worker is alive</b>, and tasks wait: start one, <code>aker-worker --slots 4</code></li>")
    }
    return notes.isEmpty ? .empty : "<ul class=\"notes\">\(notes)</ul>"
  }

  /// What was paused is resumed from here: `queue`, `dataset NAME`, `source NAME`, `backfill NUMBER`.
  private func resume(_ line: OverviewLine, _ frame: Frame) -> HTML {
    // A cool-down ends by itself.
    guard line.value == "paused" else { return .empty }
    let parts = line.item.split(separator: " ").map(String.init)
    return frame.button("Resume…", "resume", [(parts[0], parts.count > 1 ? parts[1] : "true")])
  }

  // MARK: Filters

  private func filters(_ frame: Frame) -> HTML {
    let lines: [HTML] = backfills.map { line in
      let label = "\(line.backfill_id) · \(line.note ?? line.as_of)"
      return option("\(line.backfill_id)", label, line.backfill_id == choice.backfill)
    }
    let vintages = grid.vintages.map { option($0, $0, $0 == choice.asOf) }
    return """
      <form class="filters" method="get" action="\(frame.site.path(""))" role="search">
      <label>Dataset <input name="dataset" type="search" value="\(choice.search)" placeholder="any" size="14"></label>
      <label>Backfill <select name="backfill">\(option("", "all together", choice.backfill == nil))\(lines)</select></label>
      <label>Flow <select name="flow">\(option("", "any", choice.flow == nil))\(flows.map { option($0, $0, $0 == choice.flow) })</select></label>
      <label>Vintage <select name="as_of">\(option("", "newest", choice.asOf == nil))\(vintages)</select></label>
      <button>Show</button>\(choice.isPlain ? .empty : "<a href=\"\(frame.site.path(""))\">Show all</a>" as HTML)</form>
      """
  }

  private func option(_ value: String, _ label: String, _ isChosen: Bool) -> HTML {
    "<option value=\"\(value)\"\(isChosen ? " selected" as HTML : "")>\(String(label.prefix(60)))</option>"
  }

  private func address(_ frame: Frame, until: Int? = nil, page: Int? = nil) -> String {
    frame.site.path(
      "",
      query: [
        ("dataset", choice.search), ("backfill", choice.backfill.map(String.init)), ("flow", choice.flow),
        ("as_of", choice.asOf), ("until", (until ?? choice.until).map(String.init)), ("page", page.map(String.init)),
      ])
  }

  // MARK: The table

  private func table(_ rows: [StatusGrid.Row], _ frame: Frame) -> HTML {
    let years = grid.shown_from...max(grid.shown_from, grid.shown_until)
    let last = grid.last_year
    let earlier: HTML =
      years.lowerBound > grid.first_year
      ? "<a href=\"\(address(frame, until: years.lowerBound - 1))\" title=\"Earlier years\">‹ earlier</a>" : .empty
    let later: HTML =
      years.upperBound < last
      ? "<a href=\"\(address(frame, until: min(last, years.upperBound + Self.columnCount)))\" title=\"Later years\">later ›</a>"
      : .empty
    let heads: [HTML] = years.map { "<th scope=\"col\" role=\"columnheader\">\($0)</th>" }
    let body: [HTML] = rows.map { row in
      let cells = Dictionary(row.cells.map { ($0.data_year, $0.cell) }, uniquingKeysWith: { $1 })
      let name: HTML =
        "<th scope=\"row\" role=\"rowheader\"><a href=\"\(frame.site.dataset(row.dataset))\" title=\"\(row.title ?? row.dataset)\">\(row.dataset)</a></th>"
      return "<tr role=\"row\">\(name)\(years.map { cell(cells[$0], row, $0, frame) })</tr>"
    }
    return """
      <div class="between">\(earlier)\(later)</div><div class="scroll"><table class="grid" role="grid" \
      aria-label="Dataset by year" aria-multiselectable="true"><thead><tr role="row"><th scope="col" role="columnheader">\
      Dataset</th>\(heads)</tr></thead><tbody>\(body)</tbody></table></div>
      """
  }

  private func cell(_ cell: GridCell?, _ row: StatusGrid.Row, _ year: Int, _ frame: Frame) -> HTML {
    let isOutside = row.first_year.map { year < $0 } ?? true || year > row.last_year ?? thisYear
    if cell == nil, isOutside { return "<td role=\"gridcell\" class=\"outside\"></td>" }
    let state = cell?.state ?? .none
    let title = Self.title(cell, row.dataset, year)
    let count: HTML? = cell.flatMap { cell in
      guard cell.total > 1 else { return nil }
      let shown = cell.state == .failed ? cell.failed : cell.completed
      return "<small>\(Words.count(shown))/\(Words.count(cell.total))</small>"
    }
    // What is there though the last work on it did not end well, in the corner.
    let under: HTML? = cell.flatMap { cell in
      cell.work != nil && cell.data != .none
        ? "<i class=\"under \(cell.data.style)\" aria-hidden=\"true\">\(String(cell.data.sign))</i>" : nil
    }
    let box: HTML =
      frame.mayAct
      ? "<input type=\"checkbox\" name=\"cell\" value=\"\(row.dataset) \(year)\" aria-label=\"Select \(row.dataset) \(year)\">"
      : .empty
    return """
      <td role="gridcell" class="\(state.style)">\(box)<a href="\(frame.site.partition(row.dataset, year))" title="\(title)" \
      aria-label="\(title)"><i aria-hidden="true">\(String(state.sign))</i><b>\(state.letter)</b>\(count)\(under)</a></td>
      """
  }

  /// In words: `market_jobs 2021: failed, 2 of 12 regions; what is published stays`.
  static func title(_ cell: GridCell?, _ dataset: String, _ year: Int) -> String {
    guard let cell else { return "\(dataset) \(year): nothing yet" }
    var text = "\(dataset) \(year): \(cell.state.rawValue)"
    if cell.total > 1 {
      let parts = [
        (cell.completed, "completed"), (cell.failed, "failed"), (cell.running, "running"), (cell.blocked, "blocked"),
        (cell.cancelled, "cancelled"), (cell.warned, "with warnings"),
      ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      text += ", \(cell.total) partitions" + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
    }
    if cell.work != nil, cell.data != .none { text += "; the data is \(cell.data.rawValue)" }
    return text
  }

  private func pager(_ frame: Frame) -> HTML {
    let (page, pages) = (grid.page, grid.pages)
    guard pages > 1 else { return .empty }
    let before: HTML = page > 1 ? "<a rel=\"prev\" href=\"\(address(frame, page: page - 1))\">‹ before</a>" : .empty
    let after: HTML = page < pages ? "<a rel=\"next\" href=\"\(address(frame, page: page + 1))\">next ›</a>" : .empty
    return
      "<p class=\"pager\">\(before)<span>page \(page) of \(pages), \(Words.count(grid.found)) datasets</span>\(after)</p>"
  }

  /// What can be done with what is selected.
  private func bar(_ frame: Frame) -> HTML {
    guard frame.mayAct else { return .empty }
    return """
      <div class="bar" id="bar"><span id="chosen" role="status">Tick years to act on them.</span>\
      <button name="act" value="backfill" class="main">Plan a backfill…</button><button name="act" value="retry">Retry…</button>\
      <button name="act" value="cancel">Cancel…</button><button name="act" value="prioritize">First…</button>\
      <button name="act" value="validate">Validate…</button><button name="act" value="rollback">Roll back…</button>\
      <button type="reset" class="link">None</button></div>
      """
  }

  private var legend: HTML {
    let items: [HTML] = GridCell.Fact.allCases.filter { $0 != .skipped || choice.backfill != nil }.map {
      "<li class=\"\($0.style)\"><i aria-hidden=\"true\">\(String($0.sign))</i><b>\($0.letter)</b><span>\($0.meaning)</span></li>"
    }
    return "<ul class=\"legend\" aria-label=\"Legend\">\(items)</ul>"
  }
}
