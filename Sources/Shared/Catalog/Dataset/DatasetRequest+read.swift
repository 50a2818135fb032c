extension DatasetRequest {
  private static let fieldNames = [
    "name", "source", "method", "path", "query", "body", "for_each", "chunks", "rows", "upload", "pages", "verify",
    "answers",
    "format", "columns",
    "optional", "years", "regions", "cost",
  ]

  static func read(_ node: DefinitionNode) -> DatasetRequest? {
    let fields = node.fields(known: fieldNames + InputOptions.fieldNames)
    guard let name = fields["name"].flatMap({ DatasetSpec.identifier($0) }) else {
      if fields["name"] == nil { node.error("a request needs a name") }
      return nil
    }
    guard let source = fields["source"].flatMap({ DatasetSpec.identifier($0) }) else {
      if fields["source"] == nil { node.error("request '\(name)' needs a source") }
      return nil
    }
    guard let path = fields["path"]?.text else {
      node.error("request '\(name)' needs a path")
      return nil
    }
    if path.contains(where: { $0.isWhitespace || !$0.isASCII }) {
      fields["path"]?.error("a path is written as in an address, with %20 for a space")
    }
    guard let formatNode = fields["format"], let formatName = formatNode.text,
      let format = InputFormat(rawValue: formatName)
    else {
      let formats = InputFormat.allCases.map(\.rawValue).joined(separator: ", ")
      (fields["format"] ?? node).error("request '\(name)' needs a format: \(formats)")
      return nil
    }
    // A list asks for the parameter again for each of its values: `facets[]=a&facets[]=b`.
    let query = fields["query"]?.entries.flatMap { entry in
      (entry.value.isList ? entry.value.texts : [entry.value.text].compactMap { $0 })
        .map { QueryItem(name: entry.key, value: $0) }
    }
    let vintages = fields["columns"].map(RequestColumns.read) ?? []
    if ![.csv, .tsv, .parquet].contains(format), vintages.contains(where: { !$0.patterns.isEmpty }) {
      node.error("request '\(name)': columns with a pattern are for csv, tsv and parquet")
    }
    var request = DatasetRequest(
      name: name, sourceID: source, path: path, query: query ?? [], format: format,
      vintages: vintages, isOptional: fields["optional"]?.bool ?? false,
      line: node.line)
    request.readAsking(fields, node)
    request.input = InputOptions.read(fields, format: format)
    request.checkColumns(node)
    if let years = fields["years"] {
      request.years = years.text.flatMap(YearRange.init)
      if request.years == nil { years.error("expected years as 2009- or 2009-2020") }
    }
    request.cost = fields["cost"].map(RequestCost.read)
    if let regions = fields["regions"], let pattern = regions.text {
      if (try? Regex(pattern)) == nil { regions.error("'\(pattern)' is not a regular expression") }
      request.regionsPattern = pattern
    }
    return request
  }

  /// What a format must have declared to be read at all.
  private func checkColumns(_ node: DefinitionNode) {
    for columns in vintages {
      switch format {
      case .fixedWidth:
        for name in columns.names where columns.positions[name] == nil {
          node.error("request '\(self.name)': column '\(name)' needs its place in a line: at: [1, 5]")
        }
      case .feed:
        for name in columns.names where !InputFormat.feedColumns.contains(columns.sourceName(name)) {
          node.error(
            "request '\(self.name)': a feed has no '\(name)', but \(InputFormat.feedColumns.joined(separator: ", "))")
        }
      default: break
      }
    }
    if vintages.isEmpty, format == .fixedWidth || input.headerRowCount == 0 {
      node.error("request '\(name)' names no columns by itself: declare them")
    }
  }
}

extension RequestColumns {
  /// Either one list for all years, or a list of `{years:, columns:}`.
  static func read(_ node: DefinitionNode) -> [RequestColumns] {
    let elements = node.elements
    guard let first = elements.first else { return [] }
    if first.isMapping, first.entries.contains(where: { $0.key == "years" }) {
      return elements.map { element in
        let fields = element.fields(known: ["years", "columns"])
        var columns = names(fields["columns"]?.elements ?? [])
        if let years = fields["years"] {
          if let range = years.text.flatMap(YearRange.init) {
            columns.firstYear = range.first
            columns.lastYear = range.last
          } else {
            years.error("expected years as 2009- or 2009-2020")
          }
        }
        return columns
      }
    }
    return [names(elements)]
  }

  /// `NAME`, `{name: NAME, type: number, in_file: "Name in the file", at: [1, 5], optional: true}` or `{name: NAME, pattern: "regular expression"}`.
  private static func names(_ elements: [DefinitionNode]) -> RequestColumns {
    var columns = RequestColumns(names: [])
    for element in elements {
      var name: String?
      if element.isMapping {
        let fields = element.fields(known: ["name", "type", "in_file", "at", "pattern", "optional"])
        name = fields["name"]?.text
        if name == nil { element.error("a column needs a name") }
        if let name, let source = fields["in_file"] {
          let names = source.isList ? source.texts : [source.text].compactMap { $0 }
          columns.sourceNames[name] = names.first
          columns.otherNames[name] = names.count > 1 ? Array(names.dropFirst()) : nil
        }
        if let name, let pattern = fields["pattern"], let text = pattern.text {
          if (try? Regex(text)) == nil { pattern.error("'\(text)' is not a regular expression") }
          if fields["type"] != nil || fields["in_file"] != nil {
            pattern.error("a column with a pattern is a map of names to texts, and has neither type nor in_file")
          }
          columns.patterns[name] = text
        }
        if let name, fields["optional"]?.bool == true { columns.optionalNames.insert(name) }
        if let name, let at = fields["at"] {
          let places = at.elements.compactMap(\.int)
          if places.count == 2, places[0] >= 1, places[1] >= places[0] {
            columns.positions[name] = places[0]...places[1]
          } else {
            at.error("expected the first and the last character in the line: [1, 5]")
          }
        }
        if let name, let type = fields["type"], let text = type.text {
          if let raw = RawType(rawValue: text) {
            columns.types[name] = raw
          } else {
            type.error("'\(text)' is not one of \(RawType.allCases.map(\.rawValue).joined(separator: ", "))")
          }
        }
      } else {
        name = element.text
      }
      guard let name else { continue }
      if columns.names.contains(name) { element.error("column '\(name)' is there twice") }
      columns.names.append(name)
    }
    return columns
  }
}
