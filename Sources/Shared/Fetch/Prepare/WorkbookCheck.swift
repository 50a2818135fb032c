internal import Base
internal import CLibxml2
internal import Catalog
internal import Glibc

/// Looks through the sheet of a workbook (.xlsx) that a request reads, for what its reader would pass over in silence.
///
/// A cell may hold a formula alone: programs that do not reckon write it without its value, and a reader finds nothing
/// there. That is no empty cell.
enum WorkbookCheck {
  struct Failure: Error, Equatable {
    var summary: String
    var advice: String?
  }

  struct Sheet {
    var name: String
    var id: String
    var isHidden: Bool
  }

  /// What a request reads of a workbook.
  struct Wanted {
    /// The sheet's name; the first one where there is none.
    var sheet: String?
    var hasHeader: Bool
    /// What the declared columns may be called, in small letters.
    var names: Set<String>
    /// What merged cells mean, where that is stated.
    var merged: InputOptions.MergedCells?
  }

  private static let relations = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
  ]

  /// - Parameter folder: where parts of the workbook may lie while they are read.
  /// - Returns: the workbook to read: this one, or one with the same cells as people see them (`WorkbookSheet`).
  /// - Throws: `Failure`, `ArchiveMember.Failure`, `OutputFile.Failure`. What is not there at all, its reader tells of.
  static func check(
    _ path: String, _ wanted: Wanted, in folder: String, maximumBytes: Int64, _ cancellation: BlockingWork.Cancellation
  ) throws -> String {
    try requireArchive(path)
    let parts = WorkbookParts(path: path, folder: folder, maximumBytes: maximumBytes, cancellation: cancellation)
    let list = try list(of: parts)
    guard let sheet = try chosen(list.sheets, wanted.sheet), let member = try member(of: sheet, parts) else {
      return path
    }
    var styles = WorkbookStyles()
    styles.countsFrom1904 = list.countsFrom1904
    _ = try parts.read("xl/styles.xml") { file in
      try nodes(file, "the workbook's list of styles") { styles.take($0, $1, $2) }
    }
    guard let found = try parts.read(member, { try checkCells($0, sheet.name, wanted, styles, cancellation) }) else {
      throw Failure(summary: "sheet '\(sheet.name)' is to be in \(member), which the workbook does not have")
    }
    let (names, areTextsToBeWritten) = try checkTexts(found, sheet.name, wanted, parts)
    var merges = found.merges
    merges.keep(columns: columns(names, wanted), headerRow: found.grid.headerRow)
    if wanted.merged == nil, !merges.isEmpty { _ = try parts.read(member) { try merges.refuse($0) } }
    let isToBeFilled = wanted.merged == .each && !merges.isEmpty
    var changes: [WorkbookParts.Change] = []
    if found.isToBeWritten || isToBeFilled {
      changes.append(
        .init(name: member) {
          try WorkbookSheet.write($0, to: $1, styles, isToBeFilled ? merges : nil, cancellation)
        })
    }
    if areTextsToBeWritten {
      changes.append(.init(name: "xl/sharedStrings.xml") { try WorkbookSheet.writeTexts($0, to: $1, cancellation) })
    }
    if !list.hasUsualPrefix {
      changes.append(
        .init(name: "xl/workbook.xml") { try WorkbookSheet.writeSheets(list.sheets, to: $1, cancellation) })
    }
    return changes.isEmpty ? path : try parts.rewritten(changes)
  }

  /// What is sent in place of a workbook is told by what it is; a reader of archives knows no more than that it is none.
  private static func requireArchive(_ path: String) throws {
    guard let file = fopen(path, "r") else { return }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    guard !bytes.starts(with: [0x50, 0x4B]) else { return }
    if let kind = TextEncoding.fileKind(bytes) {
      throw Failure(summary: "it is \(kind), and no .xlsx", advice: "Ask its source for .xlsx without a password.")
    }
    if bytes.first(where: { ![0xEF, 0xBB, 0xBF, 0x20, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "<") {
      throw Failure(
        summary: "it is a page (HTML) or XML, and no workbook (.xlsx)",
        advice: "Look at its address: a source may answer with a page in place of a file.")
    }
  }

  /// What xl/workbook.xml says.
  private struct List {
    var sheets: [Sheet] = []
    var countsFrom1904 = false
    /// Whether its names are as readers know them, `r:id`.
    var hasUsualPrefix = true
  }

  private static func list(of parts: WorkbookParts) throws -> List {
    var list = List()
    _ = try parts.read("xl/workbook.xml") { file in
      try elements(file, "the workbook's list of sheets") { name, reader in
        if name == "workbookPr" {
          list.countsFrom1904 = ["1", "true"].contains(XMLText.attribute("date1904", reader))
        }
        guard name == "sheet", let title = XMLText.attribute("name", reader),
          let id = XMLText.attribute("id", of: relations, reader)
        else { return }
        list.hasUsualPrefix = list.hasUsualPrefix && XMLText.attribute("r:id", reader) != nil
        list.sheets.append(
          Sheet(name: title, id: id, isHidden: XMLText.attribute("state", reader) ?? "visible" != "visible"))
      }
    }
    return list
  }

  /// - Returns: the part that holds the sheet; nil where the workbook names none.
  private static func member(of sheet: Sheet, _ parts: WorkbookParts) throws -> String? {
    var target: String?
    _ = try parts.read("xl/_rels/workbook.xml.rels") { file in
      try elements(file, "the workbook's list of parts") { name, reader in
        if name == "Relationship", XMLText.attribute("Id", reader) == sheet.id {
          target = XMLText.attribute("Target", reader)
        }
      }
    }
    return target.map { $0.hasPrefix("/") ? String($0.dropFirst()) : "xl/" + $0 }
  }

  /// Looks through the workbook's texts for those that the sheet's cells name, and for names that the header has twice.
  ///
  /// - Returns: the header's names by their columns, and whether a text reads otherwise than it shows.
  private static func checkTexts(
    _ found: Cells, _ sheet: String, _ wanted: Wanted, _ parts: WorkbookParts
  ) throws -> (names: [Int: String], isToBeWritten: Bool) {
    guard found.lastText != nil || !found.grid.header.isEmpty else { return ([:], false) }
    var isToBeWritten = false
    var count = 0
    var texts: [Int: String] = [:]
    let named = Set(found.grid.header.values.filter { $0.kind == "s" }.compactMap { Int($0.text) })
    _ = try parts.read("xl/sharedStrings.xml") { file in
      try WorkbookText.read(file) { text in
        if named.contains(count) { texts[count] = text }
        isToBeWritten = isToBeWritten || WorkbookText.decoded(text) != nil
        count += 1
      }
    }
    if let (place, index) = found.lastText, index >= count {
      throw Failure(summary: "sheet '\(sheet)': cell \(place) is text \(index) of the workbook, which has \(count)")
    }
    let names = found.grid.header.mapValues { cell in
      RequestColumns.trimmed(cell.kind == "s" ? Int(cell.text).flatMap { texts[$0] } ?? "" : cell.text)
    }
    try found.grid.checkNames(names, wanted.names)
    return (names, isToBeWritten)
  }

  /// Where the declared columns stand; all of the header's where none are declared.
  private static func columns(_ names: [Int: String], _ wanted: Wanted) -> Set<Int> {
    guard wanted.hasHeader else { return Set(1...max(1, wanted.names.count)) }
    let places = names.keys.sorted()
    let read = RequestColumns.names(places.map { names[$0] ?? "" })
    return Set(zip(places, read).filter { wanted.names.isEmpty || wanted.names.contains($1.lowercased()) }.map(\.0))
  }

  /// - Returns: nil where the workbook lists none.
  private static func chosen(_ sheets: [Sheet], _ name: String?) throws -> Sheet? {
    guard let first = sheets.first else { return nil }
    if let name {
      if let sheet = sheets.first(where: { $0.name == name }) { return sheet }
      throw Failure(
        summary: "the workbook has no sheet '\(name)', but \(sheets.map { "'\($0.name)'" }.joined(separator: ", "))",
        advice: "State the request's `sheet:` as the workbook has it.")
    }
    guard first.isHidden else { return first }
    let shown = sheets.first { !$0.isHidden }?.name ?? first.name
    throw Failure(
      summary: "the first sheet, '\(first.name)', is hidden, and people see '\(shown)'",
      advice: "State which one is meant: `sheet: \"\(shown)\"`.")
  }

  /// What was found in a sheet.
  private struct Cells {
    var grid: WorkbookGrid
    var merges: WorkbookMerges
    /// Whether a cell reads otherwise than it shows.
    var isToBeWritten = false
    /// Of the workbook's texts, the last one that a cell names.
    var lastText: (place: String, index: Int)?
  }

  private static func checkCells(
    _ file: String, _ sheet: String, _ wanted: Wanted, _ styles: WorkbookStyles,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> Cells {
    var cells = Cells(
      grid: WorkbookGrid(sheet: sheet, hasHeader: wanted.hasHeader), merges: WorkbookMerges(sheet: sheet))
    var cell: WorkbookSheet.Cell?
    var (isInValue, isInReading, isInFormula) = (false, false, false)
    var formula: String?
    var hasValue = false
    var count = 0
    try nodes(file, "sheet '\(sheet)'") { node, name, reader in
      var isOpen: Bool { xmlTextReaderIsEmptyElement(reader) == 0 }
      switch (node, name) {
      case (AKER_XML_ELEMENT, "row"): try cells.grid.beginRow(XMLText.attribute("r", reader))
      case (AKER_XML_END_ELEMENT, "row"): try cells.grid.endRow()
      case (AKER_XML_ELEMENT, "mergeCell"): try cells.merges.take(XMLText.attribute("ref", reader))
      case (AKER_XML_ELEMENT, "c"):
        count += 1
        if count.isMultiple(of: 4096) { try cancellation.check() }
        var begun = WorkbookSheet.Cell(reader)
        begun.place = try cells.grid.beginCell(begun.place)
        cell = begun
        (formula, hasValue, isInValue) = (nil, false, false)
      case (AKER_XML_ELEMENT, "f"):
        formula = ""
        isInFormula = isOpen
      case (AKER_XML_END_ELEMENT, "f"): isInFormula = false
      case (AKER_XML_ELEMENT, "v"), (AKER_XML_ELEMENT, "t"): (hasValue, isInValue) = (true, isOpen)
      case (AKER_XML_END_ELEMENT, "v"), (AKER_XML_END_ELEMENT, "t"): isInValue = false
      case (AKER_XML_ELEMENT, "is"): hasValue = true
      case (AKER_XML_ELEMENT, "rPh"):
        isInReading = isOpen
        // A reader takes it for a part of the text.
        cells.isToBeWritten = true
      case (AKER_XML_END_ELEMENT, "rPh"): isInReading = false
      case (AKER_XML_TEXT, _), (AKER_XML_CDATA, _), (AKER_XML_SPACE, _):
        let text = XMLText.string(xmlTextReaderConstValue(reader)) ?? ""
        if isInFormula { formula? += text } else if isInValue, !isInReading { cell?.text += text }
      case (AKER_XML_END_ELEMENT, "c"):
        guard let found = cell else { break }
        if hasValue, !found.text.isEmpty { try cells.grid.take(found) }
        cells.isToBeWritten = cells.isToBeWritten || found.shown(styles) != nil
        if found.kind == "s", hasValue {
          guard let index = Int(found.text), index >= 0 else {
            throw Failure(
              summary:
                "sheet '\(sheet)': cell \(found.place ?? "?") is text '\(found.text)' of the workbook, which has numbers"
            )
          }
          if index > cells.lastText?.index ?? -1 { cells.lastText = (found.place ?? "?", index) }
        }
        // The value of a text may be an empty one.
        guard let formula, !hasValue, found.kind != "str" else { break }
        throw Failure(
          summary:
            "sheet '\(sheet)': cell \(found.place ?? "?") has the formula '=\(formula.prefix(60))' and not its value",
          advice: "A workbook has its values once a program that reckons has saved it: ask the source for one.")
      default: break
      }
    }
    return cells
  }

  private static func elements(_ file: String, _ what: String, _ body: (String, OpaquePointer) -> Void) throws {
    try nodes(file, what) { node, name, reader in
      if node == AKER_XML_ELEMENT { body(name, reader) }
    }
  }

  static func nodes(
    _ file: String, _ what: String, _ body: (_ node: Int, _ name: String, OpaquePointer) throws -> Void
  ) throws {
    guard let reader = XMLText.open(file) else { throw Failure(summary: "\(what) cannot be read") }
    defer { xmlFreeTextReader(reader) }
    var result = xmlTextReaderRead(reader)
    while result == 1 {
      let name = XMLText.string(xmlTextReaderConstLocalName(reader)) ?? ""
      try body(Int(xmlTextReaderNodeType(reader)), name, reader)
      result = xmlTextReaderRead(reader)
    }
    guard result == 0 else {
      let line = Int(xmlTextReaderGetParserLineNumber(reader))
      let why = XMLText.lastWords.map { ": \($0)" } ?? ""
      throw Failure(summary: "\(what) is damaged: it is not well-formed XML on line \(line)\(why)")
    }
  }
}
