internal import CLibxml2

/// Documents in XML as libxml2 reads them, node by node: nothing outside of a document is ever read.
enum XMLText {
  /// Once for the process.
  private static let closeOutside: Void = aker_xml_close_outside()

  /// Entities that the document declares itself are text; libxml2 stops what grows out of all proportion.
  /// - Returns: to be freed with `xmlFreeTextReader`; nil where the file cannot be opened.
  static func open(_ path: String) -> OpaquePointer? {
    Self.closeOutside
    xmlResetLastError()
    let options = Int32(
      AKER_XML_NOENT | AKER_XML_NONET | AKER_XML_NOCDATA | AKER_XML_NOERROR | AKER_XML_NOWARNING)
    return xmlReaderForFile(path, nil, options)
  }

  /// What libxml2 says of the last error of this thread.
  static var lastWords: String? {
    guard let message = xmlGetLastError()?.pointee.message else { return nil }
    let words = String(cString: message).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    return words.isEmpty ? nil : words
  }

  /// Of the element that the reader stands at.
  static func attribute(_ name: String, _ reader: OpaquePointer) -> String? {
    guard xmlTextReaderMoveToAttribute(reader, name) == 1 else { return nil }
    defer { xmlTextReaderMoveToElement(reader) }
    return string(xmlTextReaderConstValue(reader))
  }

  /// The same by the addresses that its prefix may stand for.
  static func attribute(_ name: String, of addresses: [String], _ reader: OpaquePointer) -> String? {
    for address in addresses where xmlTextReaderMoveToAttributeNs(reader, name, address) == 1 {
      defer { xmlTextReaderMoveToElement(reader) }
      return string(xmlTextReaderConstValue(reader))
    }
    return nil
  }

  static func string(_ text: UnsafePointer<UInt8>?) -> String? {
    text.map { String(cString: $0) }
  }
}
