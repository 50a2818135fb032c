internal import Base
package import Console
internal import FoundationEssentials

/// A backfill: how far it is, what failed of it and why, who works at it.
package struct BackfillPage: Sendable {
  package var id: Int64
  package var record: SnapshotRecord
  package var detail: BackfillDetail

  package init(id: Int64, record: SnapshotRecord, detail: BackfillDetail) {
    self.id = id
    self.record = record
    self.detail = detail
  }

  package func html(_ frame: Frame) -> HTML {
    let counts = record.counts
    let remaining: HTML =
      record.remaining_seconds.map { $0 > 0 ? " · about \(Words.seconds(Double($0))) to go" : .empty } ?? .empty
    let detail: HTML = "\(Words.badge(word: record.state))\(remaining)"
    var acts: HTML = .empty
    let fields: [(String, String?)] = [("backfill", "\(id)")]
    if counts.failed > 0 { acts += frame.button("Retry all failed…", "retry", fields, isMain: true) }
    if record.state == "paused" { acts += frame.button("Resume…", "resume", fields) }
    if record.state == "open" { acts += frame.button("Pause…", "pause", fields) }
    if counts.waiting + counts.running > 0 {
      acts += frame.button("First…", "prioritize", fields)
      acts += frame.button("Cancel…", "cancel", fields)
    }
    acts += "<a class=\"button\" href=\"\(frame.site.path("", query: [("backfill", "\(id)")]))\">Grid</a>"
    acts += "<a class=\"button\" href=\"\(frame.site.path("tasks", query: [("backfill", "\(id)")]))\">Tasks</a>"
    return frame.page(
      "Backfill \(id)", .backfills,
      """
      \(frame.title("\(record.title)", detail, acts))\(bar)\(failures(frame))\(warnings)\(workers)\(sources(frame))\(skipped)\
      <section><h2>On the command line</h2>\(Words.command("aker watch \(id)"))</section>
      """)
  }

  /// All tasks as one bar, made of a drawing, since there are no inline styles.
  private var bar: HTML {
    let counts = record.counts
    let parts: [(Int, GridCell.Fact, String)] = [
      (counts.published, .published, "published"), (counts.kept, .other, "kept in the lake"),
      (counts.failed, .failed, "failed"),
      (counts.cancelled, .cancelled, "cancelled"), (counts.running, .running, "running"),
      (counts.waiting, .waiting, "waiting"),
    ]
    let total = max(1, counts.total)
    var at = 0.0
    let bars: [HTML] = parts.filter { $0.0 > 0 }.map { count, fact, word in
      let width = Double(count) / Double(total) * 1000
      defer { at += width }
      return
        "<rect class=\"\(fact.style)\" x=\"\("\(at)")\" y=\"0\" width=\"\("\(max(width - 1, 0.5))")\" height=\"14\"><title>\(count) \(word)</title></rect>"
    }
    let items: [HTML] = parts.filter { $0.0 > 0 }.map { count, fact, word in
      "<li>\(Words.named(Words.count(count), fact)) \(word)</li>"
    }
    let left: HTML =
      counts.skipped > 0
      ? "<li>\(Words.named(Words.count(counts.skipped), .skipped)) skipped, since there was nothing to do</li>" : .empty
    let done = counts.published + counts.kept + counts.failed + counts.cancelled
    return """
      <section><svg class="bar" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" \
      aria-label="\(done) of \(counts.total) done">\(bars)</svg>\
      <p class="big">\(Words.count(done)) of \(Words.count(counts.total)) done</p><ul class="counts">\(items)\(left)</ul>\(sparkline)</section>
      """
  }

  /// Attempts of each minute, the last hour of it.
  private var sparkline: HTML {
    guard let last = detail.minutes.last, detail.minutes.count > 1 else { return .empty }
    let most = max(1, detail.minutes.map { $0.completed + $0.failed }.max() ?? 1)
    let bars: [HTML] = detail.minutes.map { minute in
      let x = 60 - Int(last.at.timeIntervalSince(minute.at) / 60)
      let done = minute.completed * 36 / most
      let failed = minute.failed * 36 / most
      return """
        <rect class="s-published" x="\(x * 6)" y="\(40 - done)" width="5" height="\(done)"/>\
        <rect class="s-failed" x="\(x * 6)" y="\(40 - done - failed)" width="5" height="\(failed)"/>
        """
    }
    return """
      <figure class="spark"><svg viewBox="0 0 366 40" role="img" aria-label="Attempts ended in each minute, at most \(most)">\
      \(bars)</svg><figcaption>attempts ended in each minute of an hour, until \(Words.moment(last.at)); at most \(Words.count(most))</figcaption></figure>
      """
  }

  private var skipped: HTML {
    guard !detail.skipped.isEmpty else { return .empty }
    let rows: [HTML] = detail.skipped.map { group in
      let years =
        group.first_year == group.last_year ? "\(group.first_year)" : "\(group.first_year)–\(group.last_year)"
      return """
        <tr><td>\(group.dataset)</td><td>\(years)</td><td class="number">\(Words.count(group.partitions))</td>\
        <td class="wrap">\(group.reason)</td></tr>
        """
    }
    return """
      <section><h2>What it left out</h2>\
      \(Words.table("Skipped", ["Dataset", "Years", "Partitions", "Why"], rows))</section>
      """
  }

  private func failures(_ frame: Frame) -> HTML {
    guard !record.failures.isEmpty else { return .empty }
    let groups: [HTML] = record.failures.map { group in
      let years = group.first_year == group.last_year ? "\(group.first_year)" : "\(group.first_year)–\(group.last_year)"
      let fields: [(String, String?)] = [
        ("backfill", "\(id)"), ("dataset", group.dataset), ("error_class", group.error_class.rawValue),
      ]
      let errorClass = Words.errorClass(group.error_class)
      // A retry chooses by dataset and class: two causes of one class go together.
      let isAlone = record.failures.count { $0.dataset == group.dataset && $0.error_class == group.error_class } == 1
      let label = isAlone ? "Retry all of this cause…" : "Retry all \(errorClass) failures of \(group.dataset)…"
      let retry = group.final ? frame.button(label, "retry", fields) : "tried again by itself"
      return """
        <div class="failure"><p class="kind">\(group.count) × \(errorClass) · \
        <a href="\(frame.site.dataset(group.dataset))">\(group.dataset)</a> \(years)</p>\(Words.reason(group.reason))\
        <p class="acts">\(retry) <a href="\(frame.site.task(group.example_task))">The whole story of one</a></p></div>
        """
    }
    return "<section class=\"cause bad\"><h2>What failed, by its cause</h2>\(groups)</section>"
  }

  private var warnings: HTML {
    guard !record.warnings.isEmpty else { return .empty }
    let rows: [HTML] = record.warnings.map {
      "<tr><td>\($0.dataset)</td><td>\($0.first_year)–\($0.last_year)</td><td class=\"number\">\($0.partitions)</td><td>\($0.what)</td><td class=\"wrap\">\($0.message)</td></tr>"
    }
    return """
      <section><h2>Published with warnings</h2>\
      \(Words.table("Warnings", ["Dataset", "Years", "Partitions", "What", "Message"], rows))</section>
      """
  }

  private var workers: HTML {
    let busy = record.workers.filter { !$0.tasks.isEmpty }
    guard !busy.isEmpty else { return .empty }
    let rows: [HTML] = busy.map { worker in
      let tasks = worker.tasks.map { "\($0.partition) (\(Words.seconds(Double($0.seconds))))" }.joined(separator: ", ")
      return
        "<tr data-key=\"\(worker.name)\"><td>\(worker.name)</td><td>\(Lists.progress(worker.busy, worker.slots))</td><td class=\"wrap\">\(tasks)</td></tr>"
    }
    return "<section><h2>Who works at it</h2>\(Words.table("Workers", ["Worker", "Busy", "On"], rows))</section>"
  }

  private func sources(_ frame: Frame) -> HTML {
    guard !record.sources.isEmpty else { return .empty }
    let rows: [HTML] = record.sources.map { source in
      let quota: HTML =
        source.daily_quota.map { Lists.progress(source.requests_today, $0) } ?? "\(Words.count(source.requests_today))"
      let limit: HTML = source.limit_per_second.map { "\(String($0))/s" } ?? "no limit"
      return """
        <tr data-key="\(source.source)"><td><a href="\(frame.site.path("sources"))#\(source.source)">\(source.source)</a></td>\
        <td class="number">\(source.running)</td><td>\(limit)</td><td>\(quota)</td><td class="wrap">\(source.note)</td></tr>
        """
    }
    return
      "<section><h2>What it asks</h2>\(Words.table("Sources", ["Source", "Running", "Limit", "Requests today", "Note"], rows))</section>"
  }
}
