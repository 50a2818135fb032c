import Console

/// The data dictionary of the sources, in Markdown.
struct SourceDictionary {
  var entries: [SourceEntry]

  var text: String {
    var lines = [
      "# Sources", "",
      "Where the published data come from, as `catalog/sources.yml` declares it. Written by `aker sources --markdown`.",
      "",
      "| source | what | geography | updated | licence | limit | key | datasets |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries {
      let cells = [
        "`\(entry.id)`" + (entry.enabled ? "" : " (off unless configured)"),
        "[\(Self.cell(entry.name))](\(entry.endpoint))",
        entry.geography.joined(separator: ", "), entry.cadence ?? "", entry.license ?? "", entry.limitText,
        entry.key_variable.map { "`\($0)`" } ?? "", entry.datasets.map { "`\($0)`" }.joined(separator: ", "),
      ]
      lines.append("| " + cells.map(Self.cell).joined(separator: " | ") + " |")
    }
    let noted = entries.filter { $0.notes != nil }
    if !noted.isEmpty {
      lines += ["", "## What to know of them", ""]
      lines += noted.map { "- `\($0.id)`: \(Self.line($0.notes ?? ""))" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  private static func cell(_ text: String) -> String {
    line(text).replacing("|", with: "\\|")
  }
}
