internal import Base
internal import Catalog
internal import FoundationEssentials

/// A validation as one page for people: what failed first, with the rows it failed for. It needs no other file and no script.
struct ValidationPage {
  let validation: Validation
  /// ISO 8601.
  let time: String

  private var failures: [CheckResult] { validation.results.filter(\.isFailure) }
  private var warnings: [CheckResult] { validation.results.filter(\.isWarning) }
  private var passes: [CheckResult] { validation.results.filter { $0.success && $0.isCompared } }
  private var notCompared: [CheckResult] { validation.results.filter { !$0.isCompared } }

  var html: String {
    let title = "\(validation.partitionName), as of \(validation.asOf)"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(HTML.text(title)): \(HTML.text(verdict.words))</title>
      <style>
      \(ValidationStyle.css)
      </style>
      </head>
      <body>
      <main>
      \(header)
      \(drift)\(findings("Failed", failures, "fail"))\(findings("Warnings", warnings, "warn"))\(passed)</main>
      </body>
      </html>

      """
  }

  private var verdict: (style: String, words: String) {
    if validation.hasFailedDrift { return ("fail", "not published: the columns have changed") }
    let failed = validation.failedCount
    if failed > 0 { return ("fail", "\(failed) of \(Self.count(validation.results.count, "check")) failed") }
    let warned = validation.warnedCount
    if warned > 0 { return ("warn", "passed, with \(Self.count(warned, "warning"))") }
    return ("pass", "passed")
  }

  private var header: String {
    let place = "\(validation.dataYear)" + (validation.region.isEmpty ? "" : " \(validation.region)")
    let facts = [
      ("Rows", validation.rowCount.map(Self.grouped)),
      ("Vintage", validation.asOf), ("Checked", time.replacing("T", with: " ").replacing("Z", with: " UTC")),
      ("Definition", String(validation.definitionHash.prefix(12))),
    ].compactMap { name, value in value.map { "<div><dt>\(name)<dd>\(HTML.text($0))</div>" } }
    var tally: [(name: String, count: Int, style: String)] = [
      ("failed", failures.count, "fail"), ("warned", warnings.count, "warn"), ("passed", passes.count, "pass"),
    ]
    if !notCompared.isEmpty { tally.append(("not compared", notCompared.count, "none")) }
    let items = tally.map { "<li class=\"\($0.count == 0 ? "none" : $0.style)\"><b>\($0.count)</b> \($0.name)" }
    let counts = validation.results.isEmpty ? "" : items.joined()
    return """
      <header>
      <h1>\(HTML.name(validation.dataset)) <span>\(HTML.text(place))</span></h1>
      <p class="verdict \(verdict.style)">\(HTML.text(verdict.words))</p>
      \(counts.isEmpty ? "" : "<ul class=\"counts\">\(counts)</ul>\n")<dl class="facts">\(facts.joined())</dl>
      </header>
      """
  }

  // MARK: Columns

  private var drift: String {
    if validation.drift.isEmpty { return "" }
    func order(_ drift: SchemaDrift) -> Int { drift.isFailure ? 0 : drift.kind == .extra ? 1 : 2 }
    let items = validation.drift.sorted { order($0) < order($1) }.map { drift in
      let style = ["fail", "warn", "note"][order(drift)]
      let suggestion = drift.suggestion.map { "<p class=\"advice\">\(HTML.text($0))</p>" } ?? ""
      return """
        <article class="\(style)">
        <h3><em>\(drift.kind.rawValue)</em> \(HTML.name(drift.column))</h3>
        <p class="about">request <code>\(HTML.name(drift.request))</code></p>
        <p>\(HTML.text(drift.message))</p>\(suggestion)
        </article>

        """
    }
    return "<section>\n<h2>Columns that came, against those declared</h2>\n\(items.joined())</section>\n"
  }

  // MARK: Checks

  private func findings(_ title: String, _ results: [CheckResult], _ style: String) -> String {
    if results.isEmpty { return "" }
    let items = results.map { result in
      let about = [columns(result), Self.expected(result)].filter { !$0.isEmpty }.joined(separator: " · ")
      return """
        <article class="\(style)">
        <h3>\(HTML.name(result.check.name.rawValue))</h3>
        \(about.isEmpty ? "" : "<p class=\"about\">\(about)</p>\n")<p>\(HTML.text(result.message))\(Self.share(result))</p>
        \(examples(result))</article>

        """
    }
    return "<section>\n<h2>\(title)</h2>\n\(items.joined())</section>\n"
  }

  private func columns(_ result: CheckResult) -> String {
    (result.check.column.map { [$0] } ?? result.check.columns).map { "<code>\(HTML.name($0))</code>" }
      .joined(separator: ", ")
  }

  private static func share(_ result: CheckResult) -> String {
    guard let percent = result.unexpectedPercent, percent > 0 else { return "" }
    return " (\(percent < 0.01 ? "under 0.01" : CheckEvaluation.text((percent * 100).rounded() / 100))\u{A0}%)"
  }

  /// What it was told besides the columns. Name and value stay together.
  private static func expected(_ result: CheckResult) -> String {
    result.expected.map { "\($0.name)\u{A0}<code>\(HTML.text($0.value))</code>" }.joined(separator: ", ")
  }

  private func examples(_ result: CheckResult) -> String {
    if result.examples.isEmpty { return "" }
    guard let table = ExampleTable(result.examples) else {
      return "<pre>\(HTML.text(result.examples.joined(separator: "\n")))</pre>\n"
    }
    let head = table.columns.map { "<th\($0.isNumber ? " class=\"number\"" : "")>\(HTML.text($0.name))" }.joined()
    let rows = table.cells.map { cells in
      "<tr>"
        + zip(table.columns, cells).map { column, cell in
          guard let cell else { return "<td class=\"null\">null" }
          if column.isNumber { return "<td class=\"number\">\(HTML.text(cell))" }
          return cell.count > Self.lineLength ? "<td class=\"long\">\(Self.cut(cell))" : "<td>\(HTML.text(cell))"
        }.joined()
    }
    return """
      <div class="wide"><table class="examples"><caption>\(Self.caption(result, rows.count))</caption>
      <thead><tr>\(head)</thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>

      """
  }

  /// Shorter values are never broken; longer ones share the width that is left.
  private static let lineLength = 40
  /// Nobody reads more of one value, and validation.json has all of it.
  private static let shownLength = 500

  private static func cut(_ text: String) -> String {
    guard text.count > shownLength else { return HTML.text(text) }
    return "\(HTML.text(String(text.prefix(shownLength))))… <i>(\(count(text.count, "character")))</i>"
  }

  private static func caption(_ result: CheckResult, _ shown: Int) -> String {
    let isWhole = shown < CheckResult.exampleLimit
    switch result.check.name {
    case .unique, .compoundUnique:
      return isWhole ? "all that occur more than once" : "the \(shown) that occur most often"
    default:
      guard let known = result.unexpectedCount, known > shown else { return count(shown, "row") }
      return "\(shown) of \(count(known, "row"))"
    }
  }

  /// Shorter than its message: what is as expected is not read for its figures.
  private static func found(_ result: CheckResult) -> String {
    guard result.unexpectedCount == 0, let elements = result.elementCount else { return result.message }
    let noun = result.check.column == nil ? "row" : "value"
    return elements == 0 ? "no \(noun)s" : elements == 1 ? "the one \(noun)" : "all \(count(elements, noun))"
  }

  private var passed: String { table("Passed", passes) + table("Not compared", notCompared) }

  private func table(_ title: String, _ results: [CheckResult]) -> String {
    if results.isEmpty { return "" }
    let rows = results.map { result in
      let expected = Self.expected(result)
      return """
        <tr><td>\(HTML.name(result.check.name.rawValue))\
        <td>\(columns(result))\
        <td>\(expected)\
        <td>\(HTML.text(Self.found(result)))

        """
    }
    return """
      <section>
      <h2>\(title)</h2>
      <table class="passes">
      <thead><tr><th>Check<th>Column<th>Expected<th>Found</thead>
      <tbody>
      \(rows.joined())</tbody></table>
      </section>

      """
  }

  // MARK: Text

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// `1,234,567`
  private static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}

/// Text as HTML.
private enum HTML {
  static func text(_ text: String) -> String {
    OutsideText.lines(text, atMost: .max).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(
      ">", with: "&gt;"
    )
    .replacing("\"", with: "&quot;")
  }

  /// A name in snake case, which may break after its underscores.
  static func name(_ name: String) -> String { text(name).replacing("_", with: "_<wbr>") }
}
