package import Console

/// What plans would do, and what they would ask of whom.
package struct PlanTable: Sendable {
  package var plans: [Plan]

  package init(plans: [Plan]) { self.plans = plans }

  package func html(_ frame: Frame) -> HTML {
    let groups = plans.flatMap(\.groups)
    let rows: [HTML] = groups.map { group in
      let years =
        group.years.count == 1 ? "\(group.years.lowerBound)" : "\(group.years.lowerBound)–\(group.years.upperBound)"
      let fact =
        group.action == .enqueue ? Words.named("enqueue", .waiting) : Words.named("skip", .skipped)
      return """
        <tr><td>\(group.dataset)</td><td>\(years)</td><td>\(fact)</td><td class="number">\(Words.count(group.count))</td>\
        <td class="wrap">\(group.reason)</td></tr>
        """
    }
    let sources: [HTML] = plans.flatMap(\.forecast.sources).filter { $0.requests > 0 }.map { source in
      let quota: HTML =
        source.daily_quota.map { "\(Words.count(source.requests_today)) of \(Words.count($0)) used today" } ?? .empty
      return """
        <tr><td><a href="\(frame.site.path("sources"))#\(source.source)">\(source.source)</a></td>\
        <td class="number">\(source.is_least ? "at least " : "")\(Words.count(source.requests))</td><td class="number">\(Words.bytes(source.bytes))</td>\
        <td>\(Words.seconds(source.seconds))</td><td>\(quota)</td></tr>
        """
    }
    let asked: HTML =
      sources.isEmpty
      ? .empty
      : "<h2>What it asks</h2>\(Words.table("Sources", ["Source", "Requests", "About", "At least", "Quota"], sources))"
    let plan: HTML =
      rows.isEmpty
      ? .empty : "<h2>The plan</h2>\(Words.table("Plan", ["Dataset", "Years", "What", "Partitions", "Why"], rows))"
    return "\(plan)\(asked)"
  }
}
