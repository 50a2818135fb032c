package import Catalog
internal import Base

/// A dataset's page of the data dictionary, in Markdown, from nothing but the catalog.
package struct DatasetPage: Sendable {
  private let spec: DatasetSpec
  private let registry: SourceRegistry
  private let flows: [FlowDefinition]

  package init(_ spec: DatasetSpec, registry: SourceRegistry, flows: [FlowDefinition]) {
    self.spec = spec
    self.registry = registry
    self.flows = flows.filter { $0.datasets.contains(spec.name) }
  }

  /// The page's file name.
  package var fileName: String { "\(spec.name).md" }

  package var text: String {
    var sections = ["# \(spec.name)", "**\(spec.title)**"]
    if !spec.description.isEmpty { sections.append(Markdown.text(spec.description)) }
    sections.append(table(["", ""], facts))
    sections.append("## Sources")
    sections.append(
      table(["source", "licence", "updated", "key", "asked for"], spec.sourceIDs.map(source)))
    sections.append("## Columns")
    sections.append(
      table(["column", "type", "unit", "what it is", "made of"], spec.columns.map(column)))
    if !spec.knownBreaks.isEmpty {
      sections.append("## Known breaks")
      sections.append(spec.knownBreaks.map { "- " + Markdown.text($0) }.joined(separator: "\n"))
    }
    if !spec.checks.isEmpty {
      sections.append("## Checks")
      sections.append(table(["check", "of", "expected", "otherwise"], spec.checks.map(check)))
    }
    return sections.joined(separator: "\n\n") + "\n"
  }

  private var facts: [[String]] {
    var facts = [
      ["warehouse table", "`\(spec.name)`"],
      ["lake", "`data_lake/\(spec.name)/as_of=…/data_year=…/\(spec.isSplit ? "region=…/" : "")\(spec.name).parquet`"],
      ["years", spec.lastYear.map { "\(spec.firstYear)-\($0)" } ?? "\(spec.firstYear) to now"],
    ]
    if !spec.regions.isEmpty { facts.append(["regions", spec.regions.joined(separator: ", ")]) }
    if let pattern = spec.otherRegionsPattern {
      facts.append(["other regions", "with `--regions`, or `regions` in `aker.yml`, any like `\(pattern)`"])
    }
    facts += costs
    if !spec.key.isEmpty { facts.append(["key", spec.key.map { "`\($0)`" }.joined(separator: ", ")]) }
    if !spec.dependsOn.isEmpty {
      facts.append(["reads", spec.dependsOn.map { "[\($0)](\($0).md)" }.joined(separator: ", ")])
    }
    if !flows.isEmpty {
      let names = flows.map { flow in
        "`\(flow.name)`" + (flow.schedule.map { " (`\($0)`)" } ?? "")
      }
      facts.append(["flow", names.joined(separator: ", ")])
    }
    if !spec.owner.isEmpty { facts.append(["owner", spec.owner]) }
    return facts
  }

  /// What a year costs, and the country and its whole history, and where the figures come from.
  private var costs: [[String]] {
    let run = spec.fullRun
    var facts: [[String]] = []
    if !spec.yearlyCosts.isEmpty {
      facts.append(["a year costs", spec.yearlyCosts.map(\.words).joined(separator: "<br>")])
    }
    facts.append([
      "a full run costs (\(run.extent))", run.lines(registry).map(Markdown.text).joined(separator: "<br>"),
    ])
    if let country = spec.country {
      facts.append(["the country", "\(country.regionCount) regions (\(country.origin)). \(country.ask)"])
    }
    let origins = spec.requests.map { request in
      let parts = [
        request.cost?.origin,
        (request.cost?.unknown ?? (request.cost == nil ? "nobody said" : nil)).map { "not known: \($0)" },
      ]
      return "`\(request.name)`: " + parts.compactMap { $0 }.joined(separator: "; ")
    }
    if !origins.isEmpty { facts.append(["these figures", origins.joined(separator: "<br>")]) }
    return facts
  }

  private func source(_ id: String) -> [String] {
    let source = registry[id]
    let requests = spec.requests.filter { $0.sourceID == id }.map {
      "`\($0.path)` as `raw.\($0.name)`" + ($0.years.map { ", years \($0)" } ?? "")
        + ($0.regionsPattern.map { ", regions `\($0)`" } ?? "")
    }
    let key = source?.authKeyName.map { "`AKER_\($0)`" } ?? ""
    let name = "\(source?.name ?? "") (`\(id)`)" + (source?.isEnabled == false ? ", off unless configured" : "")
    return [name, source?.license ?? "", source?.cadence ?? "", key, requests.joined(separator: "<br>")]
  }

  private func column(_ column: DatasetColumn) -> [String] {
    [
      "`\(column.name)`", column.type.description, column.unit ?? "", column.description,
      column.sources.map { "`\($0)`" }.joined(separator: ", "),
    ]
  }

  private func check(_ check: DatasetCheck) -> [String] {
    let columns = ([check.column].compactMap { $0 } + check.columns).map { "`\($0)`" }.joined(separator: ", ")
    var expected: [String] = []
    switch (check.minimum, check.maximum) {
    case (let low?, let high?): expected.append(low == high ? number(low) : "\(number(low)) to \(number(high))")
    case (let low?, nil): expected.append("at least \(number(low))")
    case (nil, let high?): expected.append("at most \(number(high))")
    case (nil, nil): break
    }
    if !check.values.isEmpty { expected.append(check.values.joined(separator: ", ")) }
    if let regex = check.regex { expected.append("`\(regex)`") }
    if let within = check.within {
      expected.append(
        check.name == .levelPrevious ? "within \(number(within)) times" : "within \(number(within * 100)) %")
    }
    if let dataset = check.dataset { expected.append("`\(dataset).\(check.otherColumn ?? "")`") }
    if let rows = check.rows { expected.append("where `\(rows.column)` is \(rows.value)") }
    if !check.exceptions.isEmpty { expected.append("but " + check.exceptions.joined(separator: ", ")) }
    if !check.extent.isEmpty { expected.append(check.extent.map(number).joined(separator: ", ")) }
    if check.mostly < 1 { expected.append("for \(number(check.mostly * 100)) % of the values") }
    return [
      "`\(check.name.rawValue)`", columns, expected.joined(separator: "; "),
      check.severity == .fail ? "nothing is published" : "warned of",
    ]
  }

  private func number(_ value: Double) -> String {
    // Three decimals and no exponent: bounds are written by people.
    let rounded = (value * 1000).rounded() / 1000
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }

  private func table(_ headings: [String], _ rows: [[String]]) -> String {
    Markdown.table(headings, rows)
  }
}

/// The index of the pages: every dataset with its title, by flow.
package struct DatasetIndex: Sendable {
  private let datasets: [DatasetSpec]
  private let flows: [FlowDefinition]

  package init(_ datasets: [DatasetSpec], flows: [FlowDefinition]) {
    self.datasets = datasets
    self.flows = flows
  }

  package var text: String {
    var sections = [
      "# Data dictionary",
      "One page per dataset, made from the catalog by `aker catalog docs`; the pages are not edited by hand.",
    ]
    for flow in flows {
      sections.append("## \(flow.name)")
      sections.append(flow.title + (flow.schedule.map { ". Due \($0.words) (\(flow.timeZone))." } ?? "."))
      sections.append(list(datasets.filter { flow.datasets.contains($0.name) }))
    }
    let rest = datasets.filter { dataset in !flows.contains { $0.datasets.contains(dataset.name) } }
    if !rest.isEmpty { sections += ["## In no flow", list(rest)] }
    return sections.joined(separator: "\n\n") + "\n"
  }

  private func list(_ datasets: [DatasetSpec]) -> String {
    Markdown.table(
      ["dataset", "years", ""],
      datasets.map {
        ["[\($0.name)](\($0.name).md)", "\($0.firstYear)-\($0.lastYear.map(String.init) ?? "")", $0.title]
      })
  }
}

/// What of Markdown the pages need.
private enum Markdown {
  /// Text that may hold what Markdown would take for markup.
  static func text(_ text: String) -> String {
    text.replacing("<", with: "&lt;").replacing("*", with: "\\*")
  }

  static func table(_ headings: [String], _ rows: [[String]]) -> String {
    let kept = headings.indices.filter { index in headings[index].isEmpty || rows.contains { !$0[index].isEmpty } }
    func line(_ cells: [String]) -> String {
      let shown = kept.map { cells[$0].replacing("|", with: "\\|").replacing("\n", with: " ") }
      return "| " + shown.joined(separator: " | ") + " |"
    }
    let rule = "|" + kept.map { _ in " --- |" }.joined()
    return ([line(headings), rule] + rows.map(line)).joined(separator: "\n")
  }
}
