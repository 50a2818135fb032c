package import Catalog
internal import Base

/// A difference between the columns that came and the columns that were declared.
package struct SchemaDrift: Sendable, Equatable, Codable {
  package enum Kind: String, Sendable, Codable {
    /// Declared, and not there.
    case missing
    /// There, and not declared.
    case extra
    /// Declared and there, in another order than the declared ones: harmless, since columns are read by name.
    case moved
    /// Declared and not there, while an undeclared one looks like it.
    case renamed
    /// There, with values that are not of the declared type.
    case retyped
    /// Shapes whose third coordinate was left out.
    case flattened
  }

  package var request: String
  package var kind: Kind
  package var column: String
  /// What came instead, or where it stands now.
  package var found: String?
  package var message: String
  /// The edit of dataset.yml that would accept it.
  package var suggestion: String?

  package init(
    request: String, kind: Kind, column: String, found: String?, message: String, suggestion: String?
  ) {
    self.request = request
    self.kind = kind
    self.column = column
    self.found = found
    self.message = message
    self.suggestion = suggestion
  }

  /// Whether the partition must not be built from this.
  package var isFailure: Bool {
    switch kind {
    case .missing, .renamed, .retyped: true
    case .extra, .moved, .flattened: false
    }
  }

  /// Compares the headers of a request's documents with the declaration for their year. What several have is told once; what
  /// must not be built from names the first of them.
  package static func compare(
    request: DatasetRequest, declared: RequestColumns, documents: [(name: String, header: [String?])], year: Int
  ) -> [SchemaDrift] {
    var drifts: [(drift: SchemaDrift, documents: [String])] = []
    for document in documents {
      for drift in compare(request: request, declared: declared, header: document.header, year: year) {
        if let index = drifts.firstIndex(where: { $0.drift == drift }) {
          drifts[index].documents.append(document.name)
        } else {
          drifts.append((drift, [document.name]))
        }
      }
    }
    return drifts.map { drift, names in
      var drift = drift
      if drift.isFailure {
        let others = names.count > 1 ? ", and \((names.count - 1).counted("more document"))" : ""
        drift.message += " (\(names[0])\(others))"
      }
      return drift
    }
  }

  /// Compares one file's header with the declaration for its year.
  /// - Parameter header: as the file has it.
  package static func compare(
    request: DatasetRequest, declared: RequestColumns, header came: [String?], year: Int
  ) -> [SchemaDrift] {
    var drifts: [SchemaDrift] = []
    let header = names(came, request.format)
    // CSV headers are compared as DuckDB reads them, in any case of letters; names in JSON are what they are, and so is what
    // is found under them.
    let isExact = request.format.isObjects || request.format == .jsonTable
    func same(_ left: String, _ right: String) -> Bool {
      isExact ? left == right : left.lowercased() == right.lowercased()
    }
    // Of several names that a column may have, the one that came; the first where none did.
    let named = declared.names.filter { declared.patterns[$0] == nil }.map { column in
      let names = declared.possibleNames(column)
      return (column: column, name: names.first { name in header.contains { same($0, name) } } ?? names[0])
    }
    let wanted = named.map(\.name)
    func isLike(_ name: String) -> Bool {
      header.contains { RequestColumns.folded($0) == RequestColumns.folded(name) && !wanted.contains($0) }
    }
    // One that not every file has is not absent where it is there in other letters.
    let missing = named.filter { column in
      !header.contains { same($0, column.name) }
        && (!declared.optionalNames.contains(column.column) || isLike(column.name))
    }.map(\.name)
    let patterns = declared.patterns.sorted { $0.key < $1.key }.compactMap { column, text in
      (try? Regex(text)).map { (column: column, text: text, expression: $0) }
    }
    for pattern in patterns where !header.contains(where: { $0.wholeMatch(of: pattern.expression) != nil }) {
      drifts.append(
        SchemaDrift(
          request: request.name, kind: .missing, column: pattern.column, found: nil,
          message: "no column came whose name matches '\(pattern.text)'",
          suggestion: "in dataset.yml, request \(request.name): change the pattern of '\(pattern.column)'"))
    }
    var extra: [String] = []
    for name in header
    where !wanted.contains(where: { same($0, name) }) && !extra.contains(name)
      && !patterns.contains(where: { name.wholeMatch(of: $0.expression) != nil })
    {
      extra.append(name)
    }
    for name in missing {
      let declaredName = named.first { $0.name == name }?.column ?? name
      let candidate = likeliest(name, among: extra)
      extra.removeAll { $0 == candidate }
      drifts.append(gone(name, declaredAs: declaredName, from: year, renamedTo: candidate, request: request.name))
    }
    for name in extra {
      drifts.append(
        SchemaDrift(
          request: request.name, kind: .extra, column: name, found: nil,
          message: "column '\(name)' came and is not declared",
          suggestion: "add \(yaml(name)) to the columns of request \(request.name)"))
    }
    // Members of an object have no order.
    if request.format.isObjects { return drifts }
    drifts += moved(request: request.name, wanted: wanted, header: header)
    return drifts
  }

  /// What columns are read by. A cell without a name is no column that anybody could have declared.
  private static func names(_ header: [String?], _ format: InputFormat) -> [String] {
    let cells = header.map { $0 ?? "" }
    // Space around the names of delimited text is none of them; elsewhere a name is what it is.
    let names = format == .csv || format == .tsv ? RequestColumns.names(cells) : cells
    return zip(cells, names).filter { cell, _ in cell.contains { !$0.isWhitespace } }.map(\.1)
  }

  private static func gone(
    _ name: String, declaredAs declared: String, from year: Int, renamedTo candidate: String?, request: String
  ) -> SchemaDrift {
    guard let candidate else {
      return SchemaDrift(
        request: request, kind: .missing, column: name, found: nil,
        message: "column '\(name)' was declared and did not come",
        suggestion: """
          in dataset.yml, request \(request): declare columns per years, \
          and leave '\(name)' out from \(year) on if it is not needed
          """)
    }
    return SchemaDrift(
      request: request, kind: .renamed, column: name, found: candidate,
      message: "column '\(name)' is gone, and '\(candidate)' is new: renamed?",
      suggestion: """
        in dataset.yml, request \(request), for years from \(year): \
        {name: \(yaml(declared)), in_file: \(yaml(candidate))}
        """)
  }

  private static func moved(request: String, wanted: [String], header: [String]) -> [SchemaDrift] {
    let positions = wanted.compactMap { name in
      header.firstIndex { $0.lowercased() == name.lowercased() }.map { (name: name, position: $0) }
    }
    // Those outside a longest increasing run have moved; the others only made room.
    var best: [[Int]] = []
    for index in positions.indices {
      let before = best.enumerated().filter { positions[$0.offset].position < positions[index].position }
      best.append((before.map(\.element).max { $0.count < $1.count } ?? []) + [index])
    }
    let kept = Set(best.max { $0.count < $1.count } ?? [])
    return positions.indices.filter { !kept.contains($0) }.map { index in
      let (name, position) = positions[index]
      return SchemaDrift(
        request: request, kind: .moved, column: name, found: "column \(position + 1)",
        message: "column '\(name)' now stands at place \(position + 1)", suggestion: nil)
    }
  }

  /// The undeclared column that reads like the missing one: the same letters and digits, or nearly.
  private static func likeliest(_ name: String, among candidates: [String]) -> String? {
    func letters(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }
    func words(_ text: String) -> [String] {
      text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init).sorted()
    }
    let like = candidates.first { RequestColumns.folded($0) == RequestColumns.folded(name) }
    if let exact = like ?? candidates.first(where: { letters($0) == letters(name) }) { return exact }
    // `Households!!Estimate!!...` became `Estimate!!Households!!...`.
    if let reordered = candidates.first(where: { words($0) == words(name) }) { return reordered }
    return NearestName.find(name, in: candidates)
  }

  private static func yaml(_ text: String) -> String {
    if text.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) { return text }
    let escaped = text.reduce("") { escaped, character in
      switch character {
      case "\"", "\\": escaped + "\\\(character)"
      case "\n": escaped + "\\n"
      case "\r": escaped + "\\r"
      case "\r\n": escaped + "\\r\\n"
      case "\t": escaped + "\\t"
      default: escaped + "\(character)"
      }
    }
    return "\"\(escaped)\""
  }

  package static func flattened(request: String, count: Int) -> SchemaDrift {
    SchemaDrift(
      request: request, kind: .flattened, column: "geometry", found: "\(count)",
      message: "\(count.counted("shape")) had a third coordinate (Z or M), which is left out",
      suggestion: "in dataset.yml, request \(request): geometry: {dimensions: 3}, if that is how it comes")
  }

  /// - Parameter place: of the example, in words.
  package static func retyped(
    request: String, column: String, type: String, count: Int, example: String, place: String? = nil
  ) -> SchemaDrift {
    SchemaDrift(
      request: request, kind: .retyped, column: column, found: example,
      message:
        "column '\(column)' was declared as \(type), and \(count.counted("value")) \(count == 1 ? "is" : "are") not, such as '\(example)'"
        + (place.map { " (\($0))" } ?? ""),
      suggestion: "if that is how the source writes it now, change the column's type in request \(request)")
  }
}
