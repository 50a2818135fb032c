package import Console
internal import Lineage

/// The list of datasets, and one of them.
package enum DatasetPages {
  package static func list(_ grid: StatusGrid, _ frame: Frame) -> HTML {
    let rows: [HTML] = grid.rows.map { row in
      let counts: [HTML] = GridCell.Fact.allCases.compactMap { fact in
        let count = row.counts[fact.rawValue] ?? 0
        return count == 0 ? nil : "\(Words.named("\(count) \(fact.meaning)", fact)) "
      }
      return """
        <tr data-key="\(row.dataset)"><td><a href="\(frame.site.dataset(row.dataset))"><b>\(row.dataset)</b></a></td>\
        <td class="wrap">\(row.title)</td><td>\(row.first_year.map { "\($0)–\(row.last_year.map(String.init) ?? "")" as HTML })</td>\
        <td class="wrap">\(counts)</td></tr>
        """
    }
    let table =
      rows.isEmpty
      ? "\(Words.nothing("No dataset is known yet: a backfill makes them known, or"))\(Words.command("aker catalog apply"))"
        as HTML
      : Words.table("Datasets", ["Dataset", "What it is", "Years", "How its years are"], rows)
    return frame.page("Datasets", .datasets, "\(frame.title("Datasets"))\(table)")
  }

  package static func page(_ story: DatasetStory, _ sample: DatasetSample, _ frame: Frame) -> HTML {
    let newest = story.publications.first
    let detail: HTML = """
      \(story.title) · \(story.first_year)–\(story.last_year.map(String.init) ?? "now")\
      \(newest.map { " · last published \(Words.moment($0.published_at))" as HTML })
      """
    let names = Set(story.columns.map(\.name))
    let map: HTML =
      newest != nil && names.isSuperset(of: ["geo_level", "geo_id"])
      ? "<a class=\"button\" href=\"\(frame.site.path("map", query: [("dataset", story.dataset)]))\">Map</a>" : .empty
    let pause =
      story.pause_reason == nil
      ? frame.button("Pause…", "pause", [("dataset", story.dataset)])
      : frame.button("Resume…", "resume", [("dataset", story.dataset)], isMain: true)
    let acts: HTML = "\(map)\(pause)"
    let paused: HTML? = story.pause_reason.map { "<ul class=\"notes\"><li><b>It is paused</b>: \($0)</li></ul>" }
    let about: HTML = story.description.isEmpty ? .empty : "<p class=\"about\">\(story.description)</p>"
    return frame.page(
      story.dataset, .datasets,
      """
      \(frame.title("\(story.dataset)", detail, acts))\(paused)\(about)\(years(story, frame))\(neighbours(story, frame))\
      \(columns(story))\(rows(sample, frame))\(publications(story, frame))\(checks(story, frame))
      """)
  }

  private static func years(_ story: DatasetStory, _ frame: Frame) -> HTML {
    guard !story.cells.isEmpty else { return Words.nothing("Nothing was backfilled of it yet.") }
    let items: [HTML] = story.cells.reversed().map { cell in
      let title = GridPage.title(cell.cell, story.dataset, cell.data_year)
      return """
        <li class="\(cell.cell.state.style)"><a href="\(frame.site.partition(story.dataset, cell.data_year))" title="\(title)" \
        aria-label="\(title)"><span>\(cell.data_year)</span> <i aria-hidden="true">\(String(cell.cell.state.sign))</i><b>\(cell.cell.state.letter)</b></a></li>
        """
    }
    return "<section><h2>Years</h2><ul class=\"years\">\(items)</ul></section>"
  }

  private static func neighbours(_ story: DatasetStory, _ frame: Frame) -> HTML {
    func links(_ names: [String]) -> HTML {
      names.isEmpty ? "nothing" : HTML(names.map { "<a href=\"\(frame.site.dataset($0))\">\($0)</a> " })
    }
    let sources: HTML =
      story.sources.isEmpty
      ? "none" : HTML(story.sources.map { "<a href=\"\(frame.site.path("sources"))#\($0)\">\($0)</a> " })
    return """
      <section><h2>Where it stands</h2><dl class="facts"><dt>Sources</dt><dd>\(sources)</dd><dt>Reads</dt><dd>\(links(story.reads))</dd>\
      <dt>Read by</dt><dd>\(links(story.read_by))</dd><dt>Definition</dt><dd><code>\(String(story.definition_hash.prefix(12)))</code>, \
      applied \(Words.moment(story.applied_at))</dd>\(story.owner.isEmpty ? .empty : "<dt>Owner</dt><dd>\(story.owner)</dd>" as HTML)</dl></section>
      """
  }

  private static func columns(_ story: DatasetStory) -> HTML {
    guard !story.columns.isEmpty else { return .empty }
    let rows: [HTML] = story.columns.map { column in
      """
      <tr><td><code>\(column.name)</code>\(column.is_key ? " <small>key</small>" as HTML : "")</td><td>\(column.type)</td><td>\(column.unit)</td>\
      <td class="wrap">\(column.description)</td><td class="wrap">\(column.sources.joined(separator: ", "))</td></tr>
      """
    }
    return """
      <section><h2>Columns</h2>\
      \(Words.table("Columns", ["Column", "Type", "Unit", "What it is", "Made of"], rows))</section>
      """
  }

  private static func rows(_ sample: DatasetSample, _ frame: Frame) -> HTML {
    guard let year = sample.data_year, !sample.rows.isEmpty else { return .empty }
    let question = """
      SELECT *
      FROM public.\(ExplorePage.quoted(sample.dataset))
      WHERE data_year = \(year)\(sample.region.map { " AND region = '\($0.replacing("'", with: "''"))'" } ?? "")
      LIMIT 100
      """
    let place = [String(year), sample.region ?? ""].joined(separator: " ")
    return """
      <section><h2>First rows of \(place)</h2>\(ExplorePage.table("First rows", sample.columns, sample.rows))\
      <p><a href="\(frame.site.path("explore", query: [("sql", question)]))">More in SQL</a></p></section>
      """
  }

  private static func publications(_ story: DatasetStory, _ frame: Frame) -> HTML {
    guard !story.publications.isEmpty else { return .empty }
    let rows: [HTML] = story.publications.map { line in
      """
      <tr><td><a href="\(frame.site.partition(story.dataset, line.data_year, region: line.region))">\(line.data_year) \(line.region)</a></td>\
      <td>\(line.as_of)</td><td>\(Words.moment(line.published_at))</td><td>\(line.outcome.word)</td>\
      <td class="number">\(Words.count(line.row_count))</td><td class="number">\(Words.change(line.row_change))</td>\
      <td><a href="\(frame.site.task(line.task_id))">\(line.task_id)</a></td></tr>
      """
    }
    return """
      <section><h2>Last published</h2>\
      \(Words.table("Publications", ["Year", "Vintage", "When", "Outcome", "Rows", "Change", "Task"], rows))</section>
      """
  }

  private static func checks(_ story: DatasetStory, _ frame: Frame) -> HTML {
    guard !story.validations.isEmpty else { return .empty }
    let rows: [HTML] = story.validations.map { line in
      let passed = line.check_count - line.failed_count - line.warned_count
      let outcome: HTML =
        line.failed_count > 0
        ? Words.named("\(line.failed_count) failed", .failed)
        : line.warned_count > 0
          ? Words.named("\(line.warned_count) warned", .warned) : Words.named("passed", .published)
      return """
        <tr><td>\(Words.moment(line.validated_at))</td><td>\(line.data_year) \(line.region)</td><td>\(outcome)</td>\
        <td class="number">\(passed) of \(line.check_count)</td><td>\(line.task_id.map { "<a href=\"\(frame.site.task($0))\">\($0)</a>" as HTML })</td></tr>
        """
    }
    return """
      <section><h2>Checks over time</h2>\
      \(Words.table("Checks", ["When", "Year", "Outcome", "Passed", "Task"], rows))</section>
      """
  }
}
