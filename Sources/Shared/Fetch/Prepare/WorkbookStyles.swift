internal import CLibxml2
internal import FoundationEssentials

/// Which of a workbook's styles show a number as a date, and which day its numbers count from.
struct WorkbookStyles: Equatable {
  /// By the number of the style, as cells name it.
  private(set) var dates: Set<Int> = []
  var countsFrom1904 = false

  private var formats: [Int: String] = [:]
  private var count = 0
  private var isInCells = false

  /// Formats that every program knows by their number: days, with or without a time (ECMA-376, 18.8.30).
  private static let known: Set<Int> = Set([22] + Array(14...17) + Array(27...31) + Array(34...36) + Array(50...58))

  /// Takes a node of xl/styles.xml.
  mutating func take(_ node: Int, _ name: String, _ reader: OpaquePointer) {
    switch (node, name) {
    case (AKER_XML_ELEMENT, "numFmt"):
      guard let id = XMLText.attribute("numFmtId", reader).flatMap({ Int($0) }) else { break }
      formats[id] = XMLText.attribute("formatCode", reader)
    case (AKER_XML_ELEMENT, "cellXfs"): isInCells = true
    case (AKER_XML_END_ELEMENT, "cellXfs"): isInCells = false
    case (AKER_XML_ELEMENT, "xf") where isInCells:
      let id = XMLText.attribute("numFmtId", reader).flatMap { Int($0) } ?? 0
      if formats[id].map(Self.isOfDates) ?? Self.known.contains(id) { dates.insert(count) }
      count += 1
    default: break
    }
  }

  /// Whether a format has a year or a day in it, beside texts, colours and places of others.
  static func isOfDates(_ format: String) -> Bool {
    let bare = format.replacing(#/"[^"]*"|\[[^\]]*\]|\\.|_.|\*./#, with: "").lowercased()
    if bare == "general" || bare == "standard" { return false }
    return bare.contains("y") || bare.contains("d")
  }

  /// 9999-12-31, the last day that workbooks know.
  private static let lastDay = 2_958_465.0

  /// - Parameter number: days from the workbook's first one, and parts of a day.
  /// - Returns: `2021-06-10`, or `2021-06-10 12:30:00`; nil for what is no day.
  func date(_ number: Double) -> String? {
    guard number >= (countsFrom1904 ? 0 : 1), number <= Self.lastDay else { return nil }
    let seconds = (number * 86_400).rounded()
    // 1970-01-01 by either way of counting. The 29th of February 1900, which workbooks know, there was not.
    var days = seconds / 86_400 - (countsFrom1904 ? 24_107 : 25_569)
    if !countsFrom1904, number < 61 {
      if number >= 60 { return nil }
      days += 1
    }
    let text = Date(timeIntervalSince1970: (days * 86_400).rounded()).formatted(.iso8601)
    return seconds.truncatingRemainder(dividingBy: 86_400) == 0
      ? String(text.prefix(10)) : String(text.prefix(19)).replacing("T", with: " ")
  }
}
