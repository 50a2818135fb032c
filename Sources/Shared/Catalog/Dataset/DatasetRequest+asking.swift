/// Reading of what makes one request many documents, and of how their answers are held to what was asked.
extension DatasetRequest {
  mutating func readAsking(_ fields: [String: DefinitionNode], _ node: DefinitionNode) {
    if let field = fields["method"], let text = field.text {
      if let known = Method(rawValue: text) { method = known } else { field.error("method is get or post") }
    }
    if let field = fields["body"] {
      body = RequestBodyTemplate.read(field)
      if method != .post { field.error("a body is sent by 'method: post' only") }
    }
    variables = fields["for_each"].map(Self.readVariables) ?? []
    if let field = fields["chunks"] { readChunks(field) }
    rowsFile = fields["rows"].flatMap(Self.readRowsFile)
    if let field = fields["upload"] { readUpload(field) }
    pages = fields["pages"].flatMap { RequestPages.read($0, format: format) }
    if let field = fields["verify"] {
      verifications = (field.isMapping ? [field] : field.elements).compactMap(readVerification)
    }
    answers = fields["answers"].map(readAnswers) ?? []
    checkPlaceholders(fields, node)
    for variable in columnVariables where allColumns.contains(variable) {
      fields["for_each"]?.error("'\(variable)' is a column of the answer, too: give the variable another name")
    }
  }

  /// `{month: ["01", "02"], kind: [a, b]}`.
  private static func readVariables(_ node: DefinitionNode) -> [RequestVariable] {
    if node.entries.isEmpty { node.error("expected variables and their values, such as {month: [\"01\", \"02\"]}") }
    return node.entries.compactMap { name, value in
      guard DatasetSpec.isIdentifier(name) else {
        value.error("'\(name)' is not usable as a name: a-z, then a-z, 0-9 and '_', at most 63")
        return nil
      }
      if partitionPlaceholders.contains(name) || name == "key" {
        value.error("'\(name)' has a meaning already; give the variable another name")
        return nil
      }
      let values = value.texts
      if values.isEmpty { value.error("'\(name)' has no values") }
      var seen: Set<String> = []
      for text in values where !seen.insert(text).inserted { value.error("'\(text)' is there twice") }
      return RequestVariable(name: name, values: values)
    }
  }

  /// `{of: series, size: 50}`.
  private mutating func readChunks(_ node: DefinitionNode) {
    let fields = node.fields(known: ["of", "size"])
    guard let of = fields["of"], let name = of.text, let sizeNode = fields["size"], let size = sizeNode.int else {
      if fields["of"] == nil || fields["size"] == nil {
        node.error("chunks needs a variable and how many of its values are asked for at once: {of: series, size: 50}")
      }
      return
    }
    if size < 1 { sizeNode.error("size must be 1 or more") }
    if let index = variables.firstIndex(where: { $0.name == name }) {
      variables[index].groupSize = max(1, size)
    } else {
      of.error("for_each has no variable '\(name)'\(DatasetSpec.near(name, variables.map(\.name)))")
    }
  }

  private static func readRowsFile(_ node: DefinitionNode) -> String? {
    guard let name = node.text else { return nil }
    guard name.wholeMatch(of: /[a-z][a-z0-9_]*\.sql/) != nil, name != "transform.sql" else {
      node.error("expected the name of a file in the dataset's folder, such as addresses.sql")
      return nil
    }
    return name
  }

  /// `{field: addressFile, file_name: addresses.csv, fields: {benchmark: Public_AR_Current}, size: 10000}`.
  private mutating func readUpload(_ node: DefinitionNode) {
    let fields = node.fields(known: ["field", "file_name", "fields", "size", "header"])
    guard let field = fields["field"]?.text, let size = fields["size"]?.int else {
      if fields["field"] == nil || fields["size"] == nil {
        node.error(
          "upload needs the form's field for the file, and how many rows a file may have: {field: f, size: 1000}")
      }
      return
    }
    if size < 1 { fields["size"]?.error("size must be 1 or more") }
    if rowsFile == nil { node.error("upload sends rows: name the file that selects them, rows: addresses.sql") }
    if method != .post { node.error("an upload is sent by 'method: post' only") }
    if body != nil { node.error("an upload takes the place of a body") }
    let others = fields["fields"]?.entries.compactMap { entry in
      entry.value.text.map { QueryItem(name: entry.key, value: $0) }
    }
    upload = RequestUpload(
      field: field, fileName: fields["file_name"]?.text ?? "rows.csv", fields: others ?? [], size: max(1, size),
      hasHeader: fields["header"]?.bool ?? false)
  }

  private func readVerification(_ node: DefinitionNode) -> RequestVerification? {
    let fields = node.fields(known: ["path", "equals"])
    guard let path = fields["path"]?.text, let equals = fields["equals"], let placeholder = equals.text else {
      if fields["path"] == nil || fields["equals"] == nil {
        node.error("verify needs a path and what it must equal: {path: \"Results.series[*].seriesID\", equals: series}")
      }
      return nil
    }
    if !format.isJSON { node.error("verify looks into JSON, and the format is \(format.rawValue)") }
    let known = Self.partitionPlaceholders + variables.map(\.name)
    if !known.contains(placeholder) {
      equals.error("'\(placeholder)' is neither a variable nor of the partition\(DatasetSpec.near(placeholder, known))")
    }
    return RequestVerification(path: path, placeholder: placeholder)
  }

  /// A placeholder that nothing fills would be asked for as it stands; a variable that is not used asks for the same
  /// document again and again.
  private func checkPlaceholders(_ fields: [String: DefinitionNode], _ node: DefinitionNode) {
    let known = Self.partitionPlaceholders + variables.map(\.name)
    var used: Set<String> = []
    func check(_ texts: [String], _ place: DefinitionNode?, besides: [String] = []) {
      for name in texts.flatMap(Placeholder.names(in:)) {
        used.insert(name)
        // What the rows have, only DuckDB knows: `aker catalog check` asks it.
        if !known.contains(name), !besides.contains(name), !hasRowColumns {
          (place ?? node).error("nothing fills {\(name)}\(DatasetSpec.near(name, known))")
        }
      }
    }
    check([path], fields["path"])
    check(query.map(\.value), fields["query"])
    // {key}: the source's secret, where the registry says that it goes into the body.
    check(body?.texts ?? [], fields["body"], besides: ["key"])
    check(upload?.fields.map(\.value) ?? [], fields["upload"])
    for variable in variables where !used.contains(variable.name) {
      fields["for_each"]?.error("{\(variable.name)} is used nowhere: all its documents would be the same")
    }
  }
}

extension RequestBodyTemplate {
  static func read(_ node: DefinitionNode) -> RequestBodyTemplate {
    if node.isMapping { return .object(node.entries.map { Member(name: $0.key, value: read($0.value)) }) }
    if node.isList { return .list(node.elements.map(read)) }
    return node.jsonScalar
  }
}

extension RequestPages {
  private static let fieldNames = [
    "style", "parameter", "first", "size_parameter", "size", "rows", "next", "more", "total",
  ]

  /// `{style: page, parameter: page, first: 1, size_parameter: per_page, size: 100, rows: data}`.
  static func read(_ node: DefinitionNode, format: InputFormat) -> RequestPages? {
    let fields = node.fields(known: fieldNames)
    guard let style = fields["style"]?.text.flatMap(Style.init) else {
      (fields["style"] ?? node).error("pages need a style: \(Style.allCases.map(\.rawValue).joined(separator: ", "))")
      return nil
    }
    var pages = RequestPages(
      style: style, parameter: fields["parameter"]?.text ?? (style == .arcgis ? "resultOffset" : style.rawValue))
    pages.first = fields["first"]?.int ?? 1
    pages.size = fields["size"]?.int
    pages.sizeParameter = fields["size_parameter"]?.text
    pages.rows = fields["rows"]?.text ?? ""
    pages.next = fields["next"]?.text
    pages.more = fields["more"]?.text
    pages.total = fields["total"]?.text
    if let size = pages.size, size < 1 { fields["size"]?.error("size must be 1 or more") }
    switch style {
    case .arcgis:
      pages.sizeParameter = "resultRecordCount"
      pages.rows = "features"
      if pages.size == nil { node.error("pages of an ArcGIS layer need a size, such as 1000") }
      for name in ["parameter", "first", "size_parameter", "rows", "next", "more", "total"] {
        fields[name]?.error("'\(name)' is known of ArcGIS: leave it out")
      }
    case .cursor where pages.next == nil: node.error("pages by cursor need the path of the next one: next: meta.next")
    default: break
    }
    if style != .cursor { fields["next"]?.error("'next' is for pages by cursor") }
    if pages.sizeParameter != nil, pages.size == nil { node.error("size_parameter needs a size") }
    if !format.isJSON {
      guard style == .page || style == .offset, [.csv, .tsv, .ndjson].contains(format) else {
        node.error("pages by \(style.rawValue) are read from JSON, and the format is \(format.rawValue)")
        return nil
      }
      for name in ["rows", "more", "total"] {
        fields[name]?.error("'\(name)' is a path in JSON, and the format is \(format.rawValue)")
      }
    }
    return pages
  }
}

extension InputFormat {
  /// Whether the document is one JSON value.
  var isJSON: Bool {
    switch self {
    case .json, .jsonTable, .jsonDocument, .geojson: true
    default: false
    }
  }
}
