/// A new backfill: what the plan is asked for, as a form.
package struct BackfillForm: Sendable {
  /// What was chosen so far, by the names of the plan's members.
  package var chosen: [String: String]
  package var datasets: [(name: String, title: String)]
  package var flows: [String]

  package init(chosen: [String: String], datasets: [(name: String, title: String)], flows: [String]) {
    self.chosen = chosen
    self.datasets = datasets
    self.flows = flows
  }

  package func html(_ frame: Frame) -> HTML {
    let names = Set((chosen["datasets"] ?? "").split(separator: " ").map(String.init))
    let boxes: [HTML] = datasets.map { dataset in
      """
      <label class="tick"><input type="checkbox" name="datasets" value="\(dataset.name)"\(names.contains(dataset.name) ? " checked" as HTML : "")> \
      <span><b>\(dataset.name)</b> <small>\(dataset.title)</small></span></label>
      """
    }
    func options(_ values: [(String, String)], _ name: String) -> [HTML] {
      values.map { "<option value=\"\($0.0)\"\(chosen[name] == $0.0 ? " selected" as HTML : "")>\($0.1)</option>" }
    }
    let flowOptions = options([("", "none: the datasets ticked")] + flows.map { ($0, $0) }, "flow")
    return frame.page(
      "New backfill", .backfills, isLive: false,
      """
      \(frame.title("New backfill", "choose, then see the plan; nothing is enqueued before you say so"))
      <form method="get" action="\(frame.site.path("preview"))" class="tall"><input type="hidden" name="act" value="backfill">
      <input type="hidden" name="back" value="\(frame.here)">
      <div class="row"><label>Years <input name="years" value="\(chosen["years"])" placeholder="2009-2023,2025" pattern="[0-9]{4}(-[0-9]{4})?(,[0-9]{4}(-[0-9]{4})?)*" size="22"></label>
      <label>Which <select name="only">\(options([("missing", "not published at this vintage"), ("failed", "whose last task failed"), ("stale", "whose definition or inputs changed"), ("all", "all of them")], "only"))</select></label>
      <label>Vintage <input name="as_of" value="\(chosen["as_of"])" placeholder="this month" pattern="[0-9]{4}-(0[1-9]|1[0-2])" size="9"></label>
      <label>Regions <input name="regions" value="\(chosen["regions"])" placeholder="as configured" size="16"></label>
      <label>At once <input name="max_running" type="number" min="1" value="\(chosen["max_running"])" placeholder="no limit" size="6"></label>
      <label>Priority <input name="priority" type="number" min="-100" max="100" value="\(chosen["priority"])" placeholder="0" size="5"></label>
      <label>First <select name="order">\(options([("newest", "the newest years"), ("oldest", "the oldest years")], "order"))</select></label>
      <label>Flow <select name="flow">\(flowOptions)</select></label>
      <label class="tick"><input type="checkbox" name="with_upstream" value="true"\(chosen["with_upstream"] == "true" ? " checked" as HTML : "")> with what they read, where it is missing</label></div>
      <fieldset><legend>Datasets</legend><div class="boxes">\(boxes)</div></fieldset>
      <p><button class="main">Show the plan…</button></p></form>
      """)
  }
}
