internal import Base
internal import CLibxml2
internal import FoundationEssentials
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

  /// - Parameters:
  ///   - sheet: its name; the first one where there is none.
  ///   - folder: where parts of the workbook may lie while they are read.
  /// - Returns: the workbook to read: this one, or one with the same cells as people see them (`WorkbookSheet`).
  /// - Throws: `Failure`, `ArchiveMember.Failure`, `OutputFile.Failure`. What is not there at all, its reader tells of.
  static func check(
    _ path: String, sheet: String?, in folder: String, maximumBytes: Int64, _ cancellation: BlockingWork.Cancellation
  ) throws -> String {
    func part<Value>(_ name: String, _ body: (String) throws -> Value) throws -> Value? {
      let place = folder + "/workbook"
      defer { try? FileManager.default.removeItem(atPath: place) }
      do {
        let found = try ArchiveMember.extract(
          name, companions: [], from: path, into: place, maximumBytes: maximumBytes, cancellation: cancellation)
        return try found.first.map { try body("\(place)/\($0.name)") }
      } catch ArchiveMember.Failure.noMember { return nil }
    }
    var sheets: [(name: String, id: String)] = []
    var styles = WorkbookStyles()
    _ = try part("xl/workbook.xml") { file in
      try elements(file, "the workbook's list of sheets") { name, reader in
        if name == "workbookPr" {
          styles.countsFrom1904 = ["1", "true"].contains(XMLText.attribute("date1904", reader))
        }
        guard name == "sheet", let title = XMLText.attribute("name", reader),
          let id = XMLText.attribute("r:id", reader)
        else { return }
        sheets.append((title, id))
      }
    }
    guard let wanted = sheet.map({ name in sheets.first { $0.name == name } }) ?? sheets.first else { return path }
    var target: String?
    _ = try part("xl/_rels/workbook.xml.rels") { file in
      try elements(file, "the workbook's list of parts") { name, reader in
        if name == "Relationship", XMLText.attribute("Id", reader) == wanted.id {
          target = XMLText.attribute("Target", reader)
        }
      }
    }
    guard let target else { return path }
    let member = target.hasPrefix("/") ? String(target.dropFirst()) : "xl/" + target
    _ = try part("xl/styles.xml") { file in
      try nodes(file, "the workbook's list of styles") { styles.take($0, $1, $2) }
    }
    guard let found = try part(member, { try checkCells($0, sheet: wanted.name, styles, cancellation) }) else {
      return path
    }
    if let (place, index) = found.lastText {
      var count = 0
      _ = try part("xl/sharedStrings.xml") { file in
        try elements(file, "the workbook's list of texts") { name, _ in count += name == "si" ? 1 : 0 }
      }
      guard index < count else {
        throw Failure(
          summary: "sheet '\(wanted.name)': cell \(place) is text \(index) of the workbook, which has \(count)")
      }
    }
    if !found.isToBeWritten { return path }
    let parts = folder + "/parts"
    defer { try? FileManager.default.removeItem(atPath: parts) }
    let names = try ArchiveMember.extract(
      "*", companions: [], from: path, into: parts, maximumBytes: maximumBytes, cancellation: cancellation
    ).map(\.name)
    let written = "\(parts)/\(member).new"
    try WorkbookSheet.write("\(parts)/\(member)", to: written, styles, cancellation)
    guard rename(written, "\(parts)/\(member)") == 0 else {
      throw OutputFile.Failure(why: "\(written): \(String(cString: strerror(errno)))")
    }
    let result = folder + "/workbook.xlsx"
    try WorkbookSheet.zip(names, of: parts, to: result, cancellation)
    return result
  }

  /// What was found in a sheet.
  private struct Cells {
    /// Whether a cell reads otherwise than it shows.
    var isToBeWritten = false
    /// Of the workbook's texts, the last one that a cell names.
    var lastText: (place: String, index: Int)?
  }

  private static func checkCells(
    _ file: String, sheet: String, _ styles: WorkbookStyles, _ cancellation: BlockingWork.Cancellation
  ) throws -> Cells {
    var cells = Cells()
    var cell: WorkbookSheet.Cell?
    var isInValue = false
    var formula: String?
    var hasValue = false
    var isInFormula = false
    var count = 0
    try nodes(file, "sheet '\(sheet)'") { node, name, reader in
      switch (node, name) {
      case (AKER_XML_ELEMENT, "c"):
        count += 1
        if count.isMultiple(of: 4096) { try cancellation.check() }
        cell = WorkbookSheet.Cell(reader)
        (formula, hasValue, isInValue) = (nil, false, false)
      case (AKER_XML_ELEMENT, "f"):
        formula = ""
        isInFormula = xmlTextReaderIsEmptyElement(reader) == 0
      case (AKER_XML_END_ELEMENT, "f"): isInFormula = false
      case (AKER_XML_ELEMENT, "v"): (hasValue, isInValue) = (true, xmlTextReaderIsEmptyElement(reader) == 0)
      case (AKER_XML_END_ELEMENT, "v"): isInValue = false
      case (AKER_XML_ELEMENT, "is"): hasValue = true
      case (AKER_XML_TEXT, _) where isInValue: cell?.text = XMLText.string(xmlTextReaderConstValue(reader)) ?? ""
      case (AKER_XML_TEXT, _) where isInFormula:
        formula = XMLText.string(xmlTextReaderConstValue(reader))
      case (AKER_XML_END_ELEMENT, "c"):
        guard let found = cell else { break }
        cells.isToBeWritten = cells.isToBeWritten || found.shown(styles) != nil
        if found.kind == "s", let index = Int(found.text), index > cells.lastText?.index ?? -1 {
          cells.lastText = (found.place ?? "?", index)
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
