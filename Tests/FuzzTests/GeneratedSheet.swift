import TestSupport

/// A sheet of three columns whose cells come in all the ways that writers know, and what people see in each.
struct GeneratedSheet {
  /// The workbook's texts, as it has them and as they are shown.
  static let texts: [(xml: String, shown: String)] = [
    ("<si><t>county</t></si>", "county"), ("<si><r><t>jo</t></r><r><t>bs</t></r></si>", "jobs"),
    ("<si><t>day</t><rPh><t>hi</t></rPh></si>", "day"), ("<si><t xml:space=\"preserve\"> a_x000D_b</t></si>", " a\rb"),
    ("<si/>", ""), ("<si><t>1.2E3</t></si>", "1.2E3"),
  ]
  /// Style 1 is of dates.
  static let styles =
    #"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#

  private(set) var xml = ""
  /// By place, such as `B3`; what has nothing is not there.
  private(set) var shown: [String: String] = [:]
  private var random: SeededRandom
  private let isOdd: Bool

  /// What follows `<c r="A1"`, and what people see.
  private static let cells: [(xml: String, shown: String)] = [
    (#" t="s"><v>3</v></c>"#, " a\rb"), (#" t="s"><v>4</v></c>"#, ""), (#" t="s"><v>5</v></c>"#, "1.2E3"),
    (#" t="inlineStr"><is><t>x &amp; y</t></is></c>"#, "x & y"),
    (#" t="inlineStr"><is><r><t>jo</t></r><r><t>bs</t></r><rPh><t>hi</t></rPh></is></c>"#, "jobs"),
    (#" t="inlineStr"><is><t>_x0009_</t></is></c>"#, "\t"), (#" t="str"><f>A1</f><v>text</v></c>"#, "text"),
    ("><v>12.5</v></c>", "12.5"), ("><v>1.2E3</v></c>", "1200"), (#" t="n"><v>1E-2</v></c>"#, "1E-2"),
    ("><f>1+1</f><v>2</v></c>", "2"), (#" s="0"><v>-0</v></c>"#, "-0"), (#" s="1"><v>44357</v></c>"#, "2021-06-10"),
    (#" s="1"><v>44357.5</v></c>"#, "2021-06-10 12:00:00"), (#" s="1"><v>59</v></c>"#, "1900-02-28"),
    (#" s="1"><v>2958465</v></c>"#, "9999-12-31"), (#" s="1"><v>-1</v></c>"#, "-1"),
    (#" t="b"><v>1</v></c>"#, "true"), (#" t="b"><v>0</v></c>"#, "false"), (#" t="e"><v>#N/A</v></c>"#, "#N/A"),
    (#" t="d"><v>2021-06-10</v></c>"#, "2021-06-10"), ("/>", ""), (#" s="1"/>"#, ""), ("><v></v></c>", ""),
  ]

  /// What no writer should put there: a reader meets it within good cells.
  private static let oddCells = [
    #" t="s"><v>6</v></c>"#, #" t="s"><v>-1</v></c>"#, #" t="s"><v>1e0</v></c>"#, #" t="s"/>"#, "><v>1e308</v></c>",
    "><v>1e999</v></c>", "><v>nan</v></c>", "><v>9e15</v></c>", "><v> 1 </v></c>", "><v>9007199254740993</v></c>",
    #" s="1"><v>1e308</v></c>"#, #" s="1"><v>60</v></c>"#, #" s="1"><v>0.999999999</v></c>"#,
    #" s="1"><v>2958466</v></c>"#, #" s="-1"><v>1</v></c>"#, #" s="99999999999999999999"><v>1</v></c>"#,
    #" t="b"><v>2</v></c>"#, #" t="b"/>"#, #" t="zz"><v>1</v></c>"#, "><f>NA()</f></c>", #" t="str"><f>""</f></c>"#,
    #" t="inlineStr"><is><t>_x0000__xD800__xFFFF_</t></is></c>"#, #" t="inlineStr"><v>1</v></c>"#,
    #" t="inlineStr"><is/></c>"#, "><v>1</v><v>2</v></c>", "><c><v>1</v></c></c>", "><row><v>1</v></row></c>",
    #" t="inlineStr"><is><t>]]&gt;&#38;&#60;&#13;</t></is></c>"#, "><is><t>a</t></is><v>1</v></c>",
  ]
  private static let oddPlaces = [
    "A1", "A0", "XFD2", "XFE2", "A1048577", "2", "B", "AAAAAAAAAA2", "a2", "A99999999999999999999", "",
  ]
  private static let oddRanges = [
    "A2:A1048576", "A1:C3", "C3:A2", "A2", "A2:XFE3", ":", "A2:B2:C2", "A2:A3\"/><mergeCell ref=\"A3:A4",
  ]

  /// - Parameter isOdd: whether some of it is what nobody writes; `shown` says nothing then.
  init(seed: UInt64, isOdd: Bool = false) {
    random = SeededRandom(seed: seed)
    self.isOdd = isOdd
    let rowCount = 2 + random.below(6)
    let merge = random.below(3) == 0 ? nil : range(rowCount)
    var rows = #"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c t="s"><v>2</v></c></row>"#
    (shown["A1"], shown["B1"], shown["C1"]) = ("county", "jobs", "day")
    for row in 2...(rowCount + 1) { rows += line(row, merge) }
    if isOdd, random.below(4) == 0 {
      let odd = Self.oddRanges[random.below(Self.oddRanges.count)]
      xml = "<worksheet><sheetData>\(rows)</sheetData><mergeCells><mergeCell ref=\"\(odd)\"/></mergeCells></worksheet>"
      return
    }
    let ranges = merge.map { "<mergeCells count=\"1\"><mergeCell ref=\"\($0.text)\"/></mergeCells>" } ?? ""
    xml = "<worksheet><sheetData>\(rows)</sheetData>\(ranges)</worksheet>"
  }

  private typealias Merge = (text: String, rows: ClosedRange<Int>, columns: ClosedRange<Int>)

  private mutating func range(_ rowCount: Int) -> Merge {
    let (row, column) = (2 + random.below(rowCount), 1 + random.below(3))
    let last = (row: min(rowCount + 1, row + random.below(4)), column: min(3, column + random.below(3)))
    let text = "\(Self.name(column))\(row):\(Self.name(last.column))\(last.row)"
    return (text, row...last.row, column...last.column)
  }

  private mutating func line(_ row: Int, _ merge: Merge?) -> String {
    var cells = ""
    // Behind a gap a cell has to say where it stands.
    var mayBeNameless = true
    var own: [String: String] = [:]
    var isNothing = true
    var filled: [String: String] = [:]
    for column in 1...3 {
      let place = "\(Self.name(column))\(row)"
      let isMerged = merge.map { $0.rows.contains(row) && $0.columns.contains(column) } ?? false
      let isFirst = merge.map { $0.rows.lowerBound == row && $0.columns.lowerBound == column } ?? false
      if isMerged, !isFirst {
        if let merge, let value = own[Self.first(merge)] ?? shown[Self.first(merge)] { filled[place] = value }
        // A writer may have an empty cell there, or none.
        if random.below(2) == 0 { cells += "<c r=\"\(place)\"/>" } else { mayBeNameless = false }
        continue
      }
      if random.below(6) == 0 {
        mayBeNameless = false
        continue
      }
      if isOdd, random.below(8) == 0 {
        let odd = random.below(4) == 0 ? Self.oddPlaces[random.below(Self.oddPlaces.count)] : place
        cells += "<c r=\"\(odd)\"" + Self.oddCells[random.below(Self.oddCells.count)]
        continue
      }
      let cell = Self.cells[random.below(Self.cells.count)]
      cells += "<c" + (mayBeNameless && random.below(4) == 0 ? "" : " r=\"\(place)\"") + cell.xml
      mayBeNameless = true
      if !cell.shown.isEmpty { own[place] = cell.shown }
      // An empty text of the workbook's is one.
      if !cell.shown.isEmpty || cell.xml.contains("t=\"s\"") { isNothing = false }
    }
    shown.merge(own) { $1 }
    // A row with nothing of its own is none, whatever is merged over it.
    if !isNothing { shown.merge(filled) { $1 } }
    return random.below(5) == 0 ? "<row>\(cells)</row>" : "<row r=\"\(row)\" spans=\"1:3\">\(cells)</row>"
  }

  private static func first(_ merge: Merge) -> String { "\(name(merge.columns.lowerBound))\(merge.rows.lowerBound)" }

  private static func name(_ column: Int) -> String { ["", "A", "B", "C"][column] }
}
