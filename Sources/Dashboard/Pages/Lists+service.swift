internal import Base
package import Console

extension Lists {
  // MARK: Sources

  package static func sources(_ entries: [SourceEntry], _ frame: Frame) -> HTML {
    let rows: [HTML] = entries.map { entry in
      let state = entry.state
      var fact: HTML = entry.enabled ? Words.named("open", .published) : Words.named("off", .cancelled)
      if let reason = state?.pause_reason { fact = "\(Words.named("paused", .paused)) \(reason)" }
      if let seconds = state?.cool_down_seconds {
        fact =
          "\(Words.named("cooling down", .paused)) \(Words.seconds(Double(seconds)))\(state?.cool_down_reason.map { ": \($0)" as HTML })"
      }
      let key: HTML =
        entry.key_variable.map {
          let isSet: HTML =
            entry.lacksKey
            ? Words.named("not set", .warned)
            : entry.key_is_set == true ? "<small>set</small>" : "<small>not set</small>"
          return "<br><small>key <code>\($0)</code></small> \(isSet)"
        } ?? .empty
      let datasets: [HTML] = entry.datasets.map { "<a href=\"\(frame.site.dataset($0))\">\($0)</a><br>" }
      let pause =
        state?.pause_reason != nil
        ? frame.button("Resume…", "resume", [("source", entry.id)])
        : frame.button("Pause…", "pause", [("source", entry.id)])
      return """
        <tr id="\(entry.id)" data-key="\(entry.id)"><td><b>\(entry.id)</b><br><small>\(entry.name)</small>\(key)</td><td class="wrap short">\(fact)</td>\
        <td class="number">\(state?.running ?? 0)</td><td>\(state.map(usage) ?? .empty)</td>\
        <td>\(entry.limitText)</td>\
        <td class="wrap short">\(entry.license)</td><td>\(datasets)</td><td class="acts">\(state == nil ? .empty : pause)</td></tr>
        """
    }
    let missing = Set(entries.filter(\.lacksKey).compactMap(\.key_variable)).sorted()
    let variables: [HTML] = missing.map { "<code>\($0)</code> " }
    let keys: HTML =
      missing.isEmpty
      ? .empty
      : """
      <ul class="notes"><li><b>\(missing.count.counted("key")) that datasets need \(missing.count == 1 ? "is" : "are") not set \
      on this host</b>: \(variables)(or with <code>_FILE</code>). Workers read their own: <code>aker doctor</code> on a \
      worker's host says what is missing there.</li></ul>
      """
    return frame.page(
      "Sources", .sources, isWide: true,
      """
      \(frame.title("Sources", "requests of today are counted from midnight UTC"))\(keys)\(Words.table(
        "Sources",
        ["Source", "State", "Running", "Requests today", "Limit", "License", "Datasets", ""], rows))
      """)
  }

  /// Of today and of the last minute, with the hour at which a quota runs out.
  private static func usage(_ state: SourceState) -> HTML {
    let rate: HTML = state.requests_a_minute > 0 ? "<br><small>\(state.rateText) in the last minute</small>" : .empty
    guard let quota = state.daily_quota else { return "\(Words.count(state.requests_today))\(rate)" }
    let told: HTML
    if state.requests_today >= quota {
      told = "<b class=\"red\">used up</b>, begins anew \(Words.moment(state.quota_resets_at))"
    } else if let ends = state.quota_ends_at {
      told = "used up \(Words.moment(ends)) at this rate, begins anew \(Words.moment(state.quota_resets_at))"
    } else {
      told = state.requests_a_minute > 0 ? "lasts for the day at this rate" : .empty
    }
    return
      "\(progress(state.requests_today, quota))\(rate)\(told.text.isEmpty ? .empty : "<br><small>\(told)</small>" as HTML)"
  }

  // MARK: Alerts

  package static func alerts(_ lines: [AlertLine], _ frame: Frame) -> HTML {
    func row(_ line: AlertLine) -> HTML {
      let silence: HTML =
        line.ended_at != nil
        ? .empty
        : line.silenced_until != nil
          ? "silenced until \(Words.moment(line.silenced_until))\(line.silence_reason.map { ": \($0)" as HTML })"
          : frame.button("Silence…", "silence", [("kind", line.kind), ("subject", line.subject)])
      return """
        <tr data-key="\(line.alert_id)"><td>\(Words.badge(word: line.state == "firing" ? line.severity : line.state))</td>\
        <td>\(line.kind.replacing("_", with: " "))<br><small><code>\(line.subject)</code></small></td><td class="wrap">\(line.summary)</td>\
        <td class="wrap">\(Words.advice(line.advice))</td><td>\(Words.moment(line.began_at))</td><td>\(line.ended_at == nil ? .empty : Words.moment(line.ended_at))</td>\
        <td class="acts">\(silence)</td></tr>
        """
    }
    let heads = ["State", "What", "Summary", "What to do", "Since", "Until", ""]
    let now = lines.filter { $0.ended_at == nil }
    let over = lines.filter { $0.ended_at != nil }
    let firing: HTML =
      now.isEmpty ? Words.nothing("All is well.") : Words.table("Alerts", heads, now.map(row))
    let ended: HTML =
      over.isEmpty
      ? .empty : "<section><h2>Over, within a week</h2>\(Words.table("Ended alerts", heads, over.map(row)))</section>"
    return frame.page("Alerts", .alerts, isWide: true, "\(frame.title("Alerts"))\(firing)\(ended)")
  }

  // MARK: For admins

  package static func audit(_ lines: [AuditLine], next: String?, _ frame: Frame) -> HTML {
    let rows: [HTML] = lines.map { line in
      """
      <tr><td>\(Words.moment(line.at))</td><td>\(line.actor)<br><small>\(line.level), \(line.address)</small></td><td>\(line.act)</td>\
      <td class="wrap">\(line.target)</td><td class="wrap">\(line.outcome)</td></tr>
      """
    }
    let table =
      rows.isEmpty
      ? Words.nothing("Nobody has done anything yet.")
      : Words.table("Audit", ["When", "Who", "Act", "On what", "Outcome"], rows)
    return frame.page(
      "Audit", .audit, "\(frame.title("Audit", "what was done, and what was refused"))\(table)\(self.next(next))")
  }

  package static func tokens(_ lines: [AccessToken], made: AccessToken.Made?, _ frame: Frame) -> HTML {
    let rows: [HTML] = lines.map { line in
      """
      <tr><td>\(line.name)</td><td>\(line.level)</td><td>\(Words.badge(word: line.state))</td><td>\(Words.moment(line.created_at))<br>\
      <small>by \(line.created_by)</small></td><td>\(Words.moment(line.last_used_at))</td><td>\(Words.moment(line.expires_at))</td>\
      <td class="acts">\(line.state == "valid" ? frame.button("Revoke…", "revoke-token", [("token", line.name)]) : .empty)</td></tr>
      """
    }
    let told: HTML =
      made.map {
        "<section class=\"cause\"><p class=\"reason\">The token of \($0.name), told this once:</p>\(Words.command($0.token))</section>"
      } ?? .empty
    let new = frame.form(
      frame.site.path("tokens"),
      """
      <label>Name <input name="name" required pattern="[A-Za-z0-9._@\\-]{1,64}" size="20"></label> \
      <label>Level <select name="level"><option>viewer</option><option>operator</option><option>admin</option></select></label> \
      <label>Days <input name="days" type="number" min="1" max="3650" value="90" size="5"></label> <button class="main">Make a token</button>
      """, style: "filters")
    let table =
      rows.isEmpty
      ? Words.nothing("There are no tokens.")
      : Words.table("Tokens", ["Name", "Level", "State", "Made", "Last used", "Until", ""], rows)
    return frame.page(
      "Tokens", .tokens, isLive: false, "\(frame.title("Tokens"))\(told)\(new)\(table)")
  }
}
