extension InputOptions {
  static let fieldNames = [
    "member", "encoding", "skip_lines", "header_rows", "has_header", "delimiter", "quoting", "comment", "footer",
    "ragged", "final_newline", "json_path", "sheet", "merged", "geometry",
  ]

  /// Reads the fields that say how a file is to be read, and notes those that its format has no use for.
  static func read(_ fields: [String: DefinitionNode], format: InputFormat) -> InputOptions {
    var options = InputOptions()
    func field(_ name: String, for formats: [InputFormat]) -> DefinitionNode? {
      guard let node = fields[name] else { return nil }
      if formats.contains(format) { return node }
      node.error(
        "format \(format.rawValue) has no \(name); it is for \(formats.map(\.rawValue).joined(separator: ", "))")
      return nil
    }
    func count(_ name: String, for formats: [InputFormat], in range: ClosedRange<Int>) -> Int? {
      guard let node = field(name, for: formats), let number = node.int else { return nil }
      if range.contains(number) { return number }
      node.error("\(name) is from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    let delimited: [InputFormat] = [.csv, .tsv]
    let text = delimited + [.fixedWidth, .lines]
    options.member = fields["member"]?.text
    if let member = options.member, member.hasPrefix("/") || member.contains("..") {
      fields["member"]?.error("a member is named from the archive's top, without '..'")
    }
    options.encoding = field("encoding", for: text + [.shapefile])?.text
    options.skippedLineCount = count("skip_lines", for: text, in: 0...1000) ?? 0
    options.headerRowCount = count("header_rows", for: delimited, in: 0...5) ?? 1
    if field("has_header", for: delimited + [.xlsx])?.bool == false { options.headerRowCount = 0 }
    if let node = field("delimiter", for: delimited), let delimiter = node.text {
      if delimiter.utf8.count == 1 { options.delimiter = delimiter } else { node.error("a delimiter is one character") }
    }
    options.isQuoted = field("quoting", for: delimited)?.bool ?? true
    options.comment = field("comment", for: delimited)?.text
    options.hasFooter = field("footer", for: delimited)?.bool ?? false
    options.isRagged = field("ragged", for: delimited)?.bool ?? false
    if options.isRagged, options.headerRowCount > 0 {
      fields["ragged"]?.error("rows can be ragged only without a header (has_header: false)")
    }
    options.hasFinalNewline = field("final_newline", for: text + [.ndjson, .geojsonLines])?.bool ?? true
    options.jsonPath = field("json_path", for: [.json])?.text
    options.sheet = field("sheet", for: [.xlsx])?.text
    if let node = field("merged", for: [.xlsx]), let text = node.text {
      options.merged = InputOptions.MergedCells(rawValue: text)
      if options.merged == nil { node.error("merged is each or first") }
    }
    if let node = field("geometry", for: [.geojson, .geojsonLines, .shapefile]) {
      options.geometry = GeometryOptions.read(node)
    }
    return options
  }
}
