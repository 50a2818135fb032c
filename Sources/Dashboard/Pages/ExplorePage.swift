internal import Base
package import Console

/// Questions in SQL: the box, the answer, and what there is to ask.
package struct ExplorePage: Sendable {
  /// Why there is no answer.
  package struct Refusal: Sendable {
    package var detail: String
    package var hint: String?
    package var causes: [String]
    /// In the question, in characters from 1.
    package var position: Int?

    package init(detail: String, hint: String?, causes: [String], position: Int?) {
      (self.detail, self.hint, self.causes, self.position) = (detail, hint, causes, position)
    }
  }

  /// What the service allows.
  package struct Limits: Sendable {
    package var seconds: Int64
    package var rows: Int
    package var downloadRows: Int

    package init(seconds: Int64, rows: Int, downloadRows: Int) {
      (self.seconds, self.rows, self.downloadRows) = (seconds, rows, downloadRows)
    }
  }

  package var relations: [Relation]
  package var question: String
  /// What tables and views are looked for.
  package var search: String?
  package var limits: Limits
  package var answer: QuestionAnswer?
  package var refusal: Refusal?

  package init(
    relations: [Relation], question: String, search: String?, limits: Limits, answer: QuestionAnswer? = nil,
    refusal: Refusal? = nil
  ) {
    self.relations = relations
    self.question = question
    self.search = search
    self.limits = limits
    self.answer = answer
    self.refusal = refusal
  }

  package func html(_ frame: Frame) -> HTML {
    let form: HTML = """
      <button name="do" value="find" class="first" tabindex="-1" aria-hidden="true"></button>\
      <div class="ask"><label for="sql">One query in SQL. It reads what a viewer may read, and changes nothing.</label>\
      <textarea id="sql" name="sql" rows="\(min(24, max(7, question.split(separator: "\n").count + 1)))" spellcheck="false" \
      autocapitalize="off" autocomplete="off">\n\(HTML(unchanged: question))</textarea>\
      <div class="acts"><button class="main" name="do" value="ask">Ask</button>\
      <button name="do" value="csv">Download CSV</button>\
      <small>\(limits.seconds) s and \(Words.count(limits.rows)) rows at most; a download may have \
      \(Words.count(limits.downloadRows))<span class="keys">; <kbd>Ctrl</kbd> <kbd>Enter</kbd> asks</span></small></div>\
      \(outcome(frame))</div>\(sideboard(frame))
      """
    return frame.page(
      "Explore", .explore, isWide: true, isLive: false,
      """
      \(frame.title("Explore", "ask the queue and the warehouse in SQL"))
      \(frame.form(frame.site.path("explore"), form, style: "explore"))
      """)
  }

  // MARK: The answer

  private func outcome(_ frame: Frame) -> HTML {
    if let refusal { return told(refusal) }
    guard let answer else { return examples(frame) }
    let count = answer.rows.count.counted("row")
    let seconds =
      answer.seconds < 1 ? "\(Int((answer.seconds * 1000).rounded(.up))) ms" : Words.seconds(answer.seconds)
    let summary: HTML =
      switch answer.cut {
      case nil: "\(count) in \(seconds)."
      case .rows: "The first <b>\(count)</b>, in \(seconds). There are more: a download has them."
      case .bytes:
        "The first <b>\(count)</b>, in \(seconds): they are as large as a page may be. There are more: a download has them."
      }
    return """
      <p role="status">\(summary)</p>\(Self.table("Answer", answer.columns, answer.rows))<details class="again"><summary>The same in a terminal</summary>\
      \(Words.command(Self.command(question)))</details>
      """
  }

  /// Values as Postgres writes them, under their names and types.
  static func table(_ caption: String, _ columns: [QuestionAnswer.Column], _ rows: [[String?]]) -> HTML {
    guard !columns.isEmpty else { return .empty }
    let numbers = columns.map { isNumber($0.type) }
    let heads: [HTML] = zip(columns, numbers).map { column, isNumber in
      """
      <th scope="col"\(isNumber ? " class=\"number\"" as HTML : "")>\(column.name)<br><small>\(column.type)</small></th>
      """
    }
    let lines: [HTML] = rows.map { row in
      let cells: [HTML] = zip(row, numbers).map { value, isNumber in cell(value, isNumber: isNumber) }
      return "<tr>\(cells)</tr>"
    }
    return """
      <div class="scroll answer" role="region" aria-label="\(caption)" tabindex="0"><table class="list"><thead><tr>\(heads)</tr></thead>\
      <tbody>\(lines)</tbody></table></div>
      """
  }

  private static let shownCharacters = 300

  private static func cell(_ value: String?, isNumber: Bool) -> HTML {
    guard let value else {
      return "<td\(isNumber ? " class=\"number\"" as HTML : "")><span class=\"none\">NULL</span></td>"
    }
    guard !isNumber else { return "<td class=\"number\">\(value)</td>" }
    let shown = value.prefix(shownCharacters)
    let text = shown.utf8.count < value.utf8.count ? shown + "… (\(Words.bytes(Int64(value.utf8.count))))" : value
    return text.count > 50 || text.contains("\n") ? "<td class=\"wrap text\">\(text)</td>" : "<td>\(text)</td>"
  }

  private static func isNumber(_ type: String) -> Bool {
    ["smallint", "integer", "bigint", "real", "double precision", "oid"].contains(type) || type.hasPrefix("numeric")
  }

  /// Under the same rights, whoever's login it is.
  static func command(_ question: String) -> String {
    let quoted = question.replacing("'", with: "'\\''")
    return
      "PGOPTIONS='-c role=aker_reader -c default_transaction_read_only=on' psql \"$(aker database url)\" -c '\(quoted)'"
  }

  private func told(_ refusal: Refusal) -> HTML {
    let causes: HTML =
      refusal.causes.isEmpty
      ? .empty : "<ul class=\"causes\">\(refusal.causes.map { "<li>\($0)</li>" as HTML })</ul>"
    return """
      <div class="cause bad" role="alert"><p class="reason">\(refusal.detail)</p>\(excerpt(refusal.position))\(causes)\
      \(refusal.hint.map { "<p>\($0)</p>" as HTML })</div>
      """
  }

  /// The line that it is about, with the word marked.
  private func excerpt(_ position: Int?) -> HTML {
    let scalars = Array(question.unicodeScalars)
    guard let position, position >= 1, position <= scalars.count + 1 else { return .empty }
    let at = position - 1
    let start = scalars[..<at].lastIndex(of: "\n").map { $0 + 1 } ?? 0
    let end = scalars[at...].firstIndex(of: "\n") ?? scalars.count
    let word = scalars[at..<end].firstIndex {
      !($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_")
    }
    let stop = min(end, max(at + 1, word ?? end))
    func text(_ range: Range<Int>) -> String {
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars[range])
      return text
    }
    let number = scalars[..<at].count { $0 == "\n" } + 1
    // Of a very long line, what is near.
    return """
      <pre class="log"><span class="none">line \(number)</span> \(text(max(start, at - 200)..<at))<mark>\(at < end ? text(at..<stop) : " ")</mark>\
      \(text(min(stop, end)..<min(end, stop + 200)))</pre>
      """
  }

  // MARK: What there is to ask

  private func examples(_ frame: Frame) -> HTML {
    let examples = Self.examples + table
    let items: [HTML] = examples.map { title, sql in
      "<li><a href=\"\(frame.site.path("explore", query: [("sql", sql)]))\">\(title)</a></li>"
    }
    return "<section class=\"examples\"><h2>Such as</h2><ul>\(items)</ul></section>"
  }

  /// Of the first dataset that has a table.
  private var table: [(String, String)] {
    guard let first = relations.first(where: { $0.schema == "public" && $0.kind == "table" }) else { return [] }
    let name = Self.name(first)
    return [("The newest rows of \(first.name)", "SELECT *\nFROM \(name)\nORDER BY data_year DESC\nLIMIT 100")]
  }

  static let examples: [(String, String)] = [
    (
      "What failed most, and why",
      """
      SELECT dataset, error_class, error, failed_count, first_year, last_year
      FROM queue.failures
      WHERE failed_count > 0
      ORDER BY failed_count DESC
      """
    ),
    (
      "How each dataset stands",
      """
      SELECT dataset, sum(total) AS partitions, sum(completed) AS completed, sum(failed) AS failed,
        min(data_year) AS first_year, max(data_year) AS last_year
      FROM queue.cell
      GROUP BY dataset
      ORDER BY failed DESC, dataset
      """
    ),
    (
      "What was published in the last week",
      """
      SELECT dataset, data_year, region, as_of, outcome, row_count, published_at
      FROM lineage.publication
      WHERE published_at > now() - interval '7 days'
      ORDER BY published_at DESC
      """
    ),
    (
      "How long attempts take",
      """
      SELECT dataset, count(*) AS attempts,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY finished_at - started_at) AS half_within,
        max(finished_at - started_at) AS longest
      FROM queue.attempt
      WHERE finished_at IS NOT NULL
      GROUP BY dataset
      ORDER BY longest DESC
      """
    ),
  ]

  private static func name(_ relation: Relation) -> String {
    quoted(relation.schema) + "." + quoted(relation.name)
  }

  static func quoted(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "_")
    }
    return isPlain && name.first?.isNumber == false ? name : "\"" + name.replacing("\"", with: "\"\"") + "\""
  }

  private func sideboard(_ frame: Frame) -> HTML {
    let search = search?.lowercased()
    let found = relations.filter { relation in search.map { Self.words(relation).contains($0) } ?? true }
    var schemas: [(name: String, relations: [Relation])] = []
    for relation in found {
      if schemas.last?.name != relation.schema { schemas.append((relation.schema, [])) }
      schemas[schemas.count - 1].relations.append(relation)
    }
    let lists: [HTML] = schemas.map { schema in
      let items: [HTML] = schema.relations.map { item($0, frame) }
      let isOpen = search != nil || schema.name == schemas.first?.name
      return """
        <details class="schema"\(isOpen ? " open" as HTML : "")><summary><b>\(schema.name)</b> <small>\(schema.relations.count)</small>\
        </summary>\(items)</details>
        """
    }
    let none: HTML =
      found.isEmpty ? Words.nothing("No table or view has this in its name, comment or columns.") : .empty
    return """
      <aside aria-label="Tables and views"><div class="find"><label for="find">Tables and views</label>\
      <span><input id="find" name="find" type="search" value="\(self.search)" placeholder="name, comment or column" autocomplete="off">\
      <button name="do" value="find">Find</button></span></div>\(lists)\(none)</aside>
      """
  }

  private func item(_ relation: Relation, _ frame: Frame) -> HTML {
    let columns: [HTML] = relation.columns.map { column in
      """
      <li><code>\(column.name)</code> <small>\(column.type)</small>\(column.description.map { "<br><small>\($0)</small>" as HTML })</li>
      """
    }
    let selected =
      relation.has_every_column ? "*" : relation.columns.map { Self.quoted($0.name) }.joined(separator: ", ")
    let query = "SELECT \(selected)\nFROM \(Self.name(relation))\nLIMIT 100"
    return """
      <details class="relation"><summary><code>\(relation.name)</code>\(relation.kind == "view" ? " <small>view</small>" as HTML : "")\
      \(relation.description.map { "<small class=\"comment\">\($0)</small>" as HTML })</summary><p><a href="\(frame.site.path("explore", query: [("sql", query)]))">Ask it</a></p>\
      <ul>\(columns)</ul></details>
      """
  }

  private static func words(_ relation: Relation) -> String {
    ([relation.schema + "." + relation.name, relation.description ?? ""]
      + relation.columns.flatMap { [$0.name, $0.description ?? ""] }).joined(separator: " ").lowercased()
  }
}
