internal import Base
internal import Catalog
internal import CLibarchive
internal import CLibxml2
internal import FoundationEssentials
internal import Glibc

/// A workbook's sheet with the values that people see in it: a reader gives a date as a number of days, true as 1, and 1200 as
/// it may be written, `1.2E3`.
enum WorkbookSheet {
  /// One cell, as its sheet has it.
  struct Cell {
    var place: String?
    var kind: String
    var style: Int
    var text = ""

    init(_ reader: OpaquePointer) {
      place = XMLText.attribute("r", reader)
      kind = XMLText.attribute("t", reader) ?? "n"
      style = XMLText.attribute("s", reader).flatMap { Int($0) } ?? 0
    }

    /// Whether another cell says the same, but for the case of its letters and spaces about them.
    func isSame(as other: Cell) -> Bool {
      if kind == "s" || other.kind == "s" { return kind == other.kind && text == other.text }
      return RequestColumns.trimmed(text).lowercased() == RequestColumns.trimmed(other.text).lowercased()
    }

    /// What is to be read in its place; nil where it is read as it is.
    func shown(_ styles: WorkbookStyles) -> String? {
      switch kind {
      case "inlineStr", "str": return WorkbookText.decoded(text)
      case "b": return text == "1" ? "true" : text == "0" ? "false" : nil
      case "n":
        guard styles.dates.contains(style) || text.contains(where: { $0 == "E" || $0 == "e" }),
          let number = Double(text)
        else { return nil }
        if styles.dates.contains(style), let date = styles.date(number) { return date }
        // A double tells whole numbers apart up to here.
        guard number.rounded() == number, abs(number) < 9_007_199_254_740_992, text != "\(Int(number))" else {
          return nil
        }
        return "\(Int(number))"
      default: return nil
      }
    }
  }

  /// Writes the sheet's cells anew: their places, kinds and values are kept, formulas and looks are not.
  /// - Parameter merges: ranges whose value is to stand in each of their cells.
  static func write(
    _ file: String, to target: String, _ styles: WorkbookStyles, _ merges: WorkbookMerges?,
    _ cancellation: BlockingWork.Cancellation
  ) throws {
    var output = try OutputFile(target, cancellation)
    var (grid, merges) = (WorkbookGrid(sheet: "", hasHeader: false), merges)
    var cells: [WorkbookMerges.Cell] = []
    var cell: Cell?
    // Readings of Japanese names stand beside the text.
    var (isInValue, isInReading) = (false, false)
    try output.write(
      #"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/"#.utf8)
    try output.write(#"spreadsheetml/2006/main"><sheetData>"#.utf8)
    try WorkbookCheck.nodes(file, "a sheet") { node, name, reader in
      switch (node, name) {
      case (AKER_XML_ELEMENT, "row"):
        try grid.beginRow(XMLText.attribute("r", reader))
        cells = []
        if xmlTextReaderIsEmptyElement(reader) != 0 { try output.write("<row r=\"\(grid.row)\"/>".utf8) }
      case (AKER_XML_END_ELEMENT, "row"):
        try output.write("<row r=\"\(grid.row)\">".utf8)
        for cell in try merges?.filled(grid.row, cells) ?? cells {
          try output.write("<c r=\"\(WorkbookGrid.letters(cell.column))\(grid.row)\"\(cell.content)".utf8)
        }
        try output.write("</row>".utf8)
      case (AKER_XML_ELEMENT, "c"):
        cell = Cell(reader)
        _ = try grid.beginCell(cell?.place)
        guard xmlTextReaderIsEmptyElement(reader) != 0 else { break }
        cells.append(.init(column: grid.column, content: WorkbookMerges.Cell.nothing))
        cell = nil
      case (AKER_XML_ELEMENT, "v"), (AKER_XML_ELEMENT, "t"):
        isInValue = xmlTextReaderIsEmptyElement(reader) == 0
      case (AKER_XML_END_ELEMENT, "v"), (AKER_XML_END_ELEMENT, "t"): isInValue = false
      case (AKER_XML_ELEMENT, "rPh"): isInReading = xmlTextReaderIsEmptyElement(reader) == 0
      case (AKER_XML_END_ELEMENT, "rPh"): isInReading = false
      case (AKER_XML_TEXT, _), (AKER_XML_CDATA, _), (AKER_XML_SPACE, _):
        if isInValue, !isInReading { cell?.text += XMLText.string(xmlTextReaderConstValue(reader)) ?? "" }
      case (AKER_XML_END_ELEMENT, "c"):
        guard let found = cell else { break }
        cells.append(.init(column: grid.column, content: content(found, styles)))
        cell = nil
      default: break
      }
    }
    try output.write("</sheetData></worksheet>".utf8)
    try output.flush()
  }

  /// What follows a cell's place in the file.
  private static func content(_ cell: Cell, _ styles: WorkbookStyles) -> String {
    if let shown = cell.shown(styles) ?? (cell.kind == "inlineStr" ? cell.text : nil) {
      return #" t="inlineStr"><is><t xml:space="preserve">\#(escaped(shown))</t></is></c>"#
    }
    return cell.text.isEmpty
      ? WorkbookMerges.Cell.nothing : " t=\"\(escaped(cell.kind))\"><v>\(escaped(cell.text))</v></c>"
  }

  /// Writes the workbook's texts anew: without runs and readings, and with the characters that stand for others.
  static func writeTexts(_ file: String, to target: String, _ cancellation: BlockingWork.Cancellation) throws {
    var output = try OutputFile(target, cancellation)
    try output.write(
      #"<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#
        .utf8)
    try WorkbookText.read(file) { text in
      try output.write("<si><t xml:space=\"preserve\">\(escaped(WorkbookText.decoded(text) ?? text))</t></si>".utf8)
    }
    try output.write("</sst>".utf8)
    try output.flush()
  }

  /// Writes the workbook's list of sheets anew, with the prefix that readers know.
  static func writeSheets(
    _ sheets: [WorkbookCheck.Sheet], to target: String, _ cancellation: BlockingWork.Cancellation
  ) throws {
    var output = try OutputFile(target, cancellation)
    let listed = sheets.enumerated().map { index, sheet in
      #"<sheet name="\#(escaped(sheet.name))" sheetId="\#(index + 1)" r:id="\#(escaped(sheet.id))"/>"#
    }
    try output.write(
      """
      <?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" \
      xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>\(listed.joined())</sheets></workbook>
      """.utf8)
    try output.flush()
  }

  private static func escaped(_ text: String) -> String {
    text.contains { "&<>\"\r".contains($0) }
      ? text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;").replacing("\r", with: "&#13;") : text
  }

  /// Puts the files of a folder into a zip.
  /// - Throws: `OutputFile.Failure`.
  static func zip(
    _ names: [String], of folder: String, to target: String, _ cancellation: BlockingWork.Cancellation
  ) throws {
    let archive = archive_write_new()
    defer { archive_write_free(archive) }
    func failure() -> OutputFile.Failure {
      OutputFile.Failure(why: "\(target): \(archive_error_string(archive).map { String(cString: $0) } ?? "zip")")
    }
    guard archive_write_set_format_zip(archive) == AKER_ARCHIVE_OK,
      archive_write_open_filename(archive, target) == AKER_ARCHIVE_OK
    else { throw failure() }
    for name in names {
      let descriptor = open(folder + "/" + name, O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      var status = stat()
      guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
        throw OutputFile.Failure(why: "\(folder)/\(name): \(String(cString: strerror(errno)))")
      }
      let entry = archive_entry_new()
      defer { archive_entry_free(entry) }
      archive_entry_set_pathname(entry, name)
      archive_entry_set_size(entry, Int64(status.st_size))
      archive_entry_set_filetype(entry, S_IFREG)
      archive_entry_set_perm(entry, 0o644)
      guard archive_write_header(archive, entry) == AKER_ARCHIVE_OK else { throw failure() }
      var piece = [UInt8](repeating: 0, count: 65_536)
      while true {
        try cancellation.check()
        let count = read(descriptor, &piece, piece.count)
        if count == 0 { break }
        guard count > 0, archive_write_data(archive, piece, count) == count else { throw failure() }
      }
    }
    guard archive_write_close(archive) == AKER_ARCHIVE_OK else { throw failure() }
  }
}
