internal import CLibxml2

/// The texts of a workbook, which its cells name by their numbers.
enum WorkbookText {
  /// Each text in its order: runs joined, and without the readings of Japanese names that stand beside them.
  static func read(_ file: String, _ body: (String) throws -> Void) throws {
    var text: String?
    var (isInText, isInReading) = (false, false)
    try WorkbookCheck.nodes(file, "the workbook's list of texts") { node, name, reader in
      switch (node, name) {
      case (AKER_XML_ELEMENT, "si"):
        if xmlTextReaderIsEmptyElement(reader) != 0 { try body("") } else { text = "" }
      case (AKER_XML_END_ELEMENT, "si"):
        if let text { try body(text) }
        text = nil
      case (AKER_XML_ELEMENT, "t"): isInText = xmlTextReaderIsEmptyElement(reader) == 0
      case (AKER_XML_END_ELEMENT, "t"): isInText = false
      case (AKER_XML_ELEMENT, "rPh"): isInReading = xmlTextReaderIsEmptyElement(reader) == 0
      case (AKER_XML_END_ELEMENT, "rPh"): isInReading = false
      case (AKER_XML_TEXT, _), (AKER_XML_CDATA, _), (AKER_XML_SPACE, _):
        if isInText, !isInReading { text? += XMLText.string(xmlTextReaderConstValue(reader)) ?? "" }
      default: break
      }
    }
  }

  /// A text whose characters are written as `_x000D_`, as people see it (ECMA-376, 22.9.2.19); nil where there are none.
  static func decoded(_ text: String) -> String? {
    guard text.contains("_x") else { return nil }
    var isChanged = false
    let result = text.replacing(#/_x([0-9A-Fa-f]{4})_/#) { match in
      guard let value = UInt32(match.1, radix: 16), value >= 0x20 || [9, 10, 13].contains(value),
        let character = Unicode.Scalar(value)
      else { return String(match.0) }
      isChanged = true
      return String(character)
    }
    return isChanged ? result : nil
  }
}
