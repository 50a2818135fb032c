/// What an act would do, before it is done: in the words of the command that does the same, with the command to copy.
package struct PreviewPage: Sendable {
  package var heading: String
  package var sentences: [String]
  /// What stands in the way, or is to be known besides.
  package var notes: [String]
  package var commands: [String]
  package var table: HTML
  /// What the confirmation sends.
  package var fields: [(String, String)]
  /// Of the button; nil where there is nothing to do.
  package var label: String?
  package var back: String

  package init(
    heading: String, sentences: [String], notes: [String] = [], commands: [String], table: HTML = .empty,
    fields: [(String, String)], label: String?, back: String
  ) {
    self.heading = heading
    self.sentences = sentences
    self.notes = notes
    self.commands = commands
    self.table = table
    self.fields = fields
    self.label = label
    self.back = back
  }

  /// - Parameter key: under which the act is done once, however often the button is pressed.
  package func html(_ frame: Frame, key: String) -> HTML {
    let hidden: [HTML] = (fields + [("key", key), ("back", back)]).map {
      "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">"
    }
    let cancel: HTML = "<a class=\"button\" href=\"\(frame.site.safe(back))\">Back, change nothing</a>"
    let confirm: HTML =
      label.map { label in
        frame.form(
          frame.site.path("act"),
          "\(hidden)<button class=\"main\" autofocus>\(label)</button>\(cancel)")
      } ?? "<p>\(cancel)</p>"
    let said: [HTML] = sentences.map { "<p class=\"reason\">\($0)</p>" }
    let noted: HTML = notes.isEmpty ? .empty : "<ul class=\"notes\">\(notes.map { "<li>\($0)</li>" as HTML })</ul>"
    let same: HTML =
      commands.isEmpty
      ? .empty : "<h2>The same on the command line</h2>\(commands.map { Words.command($0) })"
    return frame.page(
      heading, nil, isLive: false,
      "\(frame.title("\(heading)"))<section class=\"cause\">\(said)\(noted)<div class=\"confirm\">\(confirm)</div></section>\(table)\(same)"
    )
  }

  /// Tasks that an act is about.
  package static func examples(_ rows: [HTML], of count: Int) -> HTML {
    guard !rows.isEmpty else { return .empty }
    let more: HTML =
      count > rows.count ? "<p class=\"small\">and \(Words.count(count - rows.count)) more</p>" : .empty
    return "<h2>Which</h2>\(Words.table("Which tasks", ["Task", "Partition", "State", "In the way"], rows))\(more)"
  }
}
