/// Files of kinds that are no text, made byte by byte, so that each may be spoilt where a test wants it.
enum OddFile {
  /// A zip whose members are not compressed.
  static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var result: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
      let about = little(crc(bytes), 4) + little(bytes.count, 4) + little(bytes.count, 4) + little(name.utf8.count, 2)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + Array(repeating: 0, count: 8) + about
      directory += Array(repeating: 0, count: 12) + little(result.count, 4) + name.utf8
      result += [0x50, 0x4B, 3, 4, 20, 0] + Array(repeating: 0, count: 8) + about + [0, 0] + name.utf8 + bytes
    }
    let end = little(members.count, 2) + little(members.count, 2) + little(directory.count, 4) + little(result.count, 4)
    return result + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + end + [0, 0]
  }

  /// A workbook of one sheet, whose columns are `a` and `b`.
  /// - Parameters:
  ///   - rows: XML of the rows behind the header.
  ///   - parts: in place of, or beside, what a workbook has.
  static func workbook(_ rows: String, _ parts: [String: String] = [:]) -> [UInt8] {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    let document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    let package = "http://schemas.openxmlformats.org/package/2006"
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    let header =
      #"<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>"#
    var files = [
      "[Content_Types].xml": """
      <Types xmlns="\(package)/content-types"><Default Extension="rels" \
      ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
      <Override PartName="/xl/workbook.xml" ContentType="\(kind).sheet.main+xml"/>\
      <Override PartName="/xl/worksheets/sheet1.xml" ContentType="\(kind).worksheet+xml"/>\
      <Override PartName="/xl/worksheets/sheet2.xml" ContentType="\(kind).worksheet+xml"/>\
      <Override PartName="/xl/styles.xml" ContentType="\(kind).styles+xml"/>\
      <Override PartName="/xl/sharedStrings.xml" ContentType="\(kind).sharedStrings+xml"/></Types>
      """,
      "_rels/.rels": """
      <Relationships xmlns="\(package)/relationships"><Relationship Id="rId1" Type="\(document)/officeDocument" \
      Target="xl/workbook.xml"/></Relationships>
      """,
      "xl/workbook.xml": """
      <workbook xmlns="\(main)" xmlns:r="\(document)"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>
      """,
      "xl/_rels/workbook.xml.rels": """
      <Relationships xmlns="\(package)/relationships">\
      <Relationship Id="rId1" Type="\(document)/worksheet" Target="worksheets/sheet1.xml"/>\
      <Relationship Id="rId2" Type="\(document)/worksheet" Target="worksheets/sheet2.xml"/>\
      <Relationship Id="rId3" Type="\(document)/styles" Target="styles.xml"/>\
      <Relationship Id="rId4" Type="\(document)/sharedStrings" Target="sharedStrings.xml"/></Relationships>
      """,
      "xl/styles.xml": """
      <styleSheet xmlns="\(main)"><numFmts count="1"><numFmt numFmtId="164" formatCode="0&quot; days&quot;"/></numFmts>\
      <cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>
      """,
      "xl/sharedStrings.xml": #"<sst xmlns="\#(main)"></sst>"#,
      "xl/worksheets/sheet1.xml": #"<worksheet xmlns="\#(main)"><sheetData>\#(header)\#(rows)</sheetData></worksheet>"#,
    ]
    for (name, text) in parts { files[name] = text }
    return archive(
      files.sorted { $0.key < $1.key }.map { name, text in
        (name, Array(#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#.utf8) + Array(text.utf8))
      })
  }

  /// The files of a shapefile of points, by their endings.
  /// - Parameters:
  ///   - fields: `name type length decimals`.
  ///   - rows: the records' values, with bars between, behind an asterisk where they are deleted; and a point, or no shape.
  static func shapefile(_ fields: [String], _ rows: [(text: String, point: (Double, Double)?)]) -> [String: [UInt8]] {
    func header(_ byteCount: Int) -> [UInt8] {
      let box = [-180.0, -90, 180, 90, 0, 0, 0, 0].flatMap { little($0.bitPattern, 8) }
      return big(9994, 4) + Array(repeating: 0, count: 20) + big(byteCount / 2, 4) + little(1000, 4) + little(1, 4)
        + box
    }
    var (shapes, index) = ([UInt8](), [UInt8]())
    for (number, row) in rows.enumerated() {
      let shape =
        row.point.map { little(1, 4) + little($0.0.bitPattern, 8) + little($0.1.bitPattern, 8) } ?? little(0, 4)
      index += big((100 + shapes.count) / 2, 4) + big(shape.count / 2, 4)
      shapes += big(number + 1, 4) + big(shape.count / 2, 4) + shape
    }
    let described = fields.flatMap { field -> [UInt8] in
      let parts = field.split(separator: " ")
      let name = Array(parts[0].utf8)
      return name + Array(repeating: 0, count: 11 - name.count) + [UInt8(ascii: parts[1].unicodeScalars.first!)]
        + [0, 0, 0, 0, UInt8(parts[2])!, UInt8(parts[3])!] + Array(repeating: 0, count: 14)
    }
    let length = fields.reduce(1) { $0 + Int($1.split(separator: " ")[2])! }
    let table =
      [3, 126, 1, 1] + little(rows.count, 4) + little(33 + described.count, 2) + little(length, 2)
      + Array(repeating: 0, count: 20) + described + [0x0D]
      + rows.flatMap { record($0.text, fields) } + [0x1A]
    return [
      "shp": header(100 + shapes.count) + shapes, "shx": header(100 + index.count) + index, "dbf": table,
      "prj": Array(
        #"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]"#
          .utf8),
    ]
  }

  private static func record(_ text: String, _ fields: [String]) -> [UInt8] {
    let values = text.drop { $0 == "*" }.split(separator: "|", omittingEmptySubsequences: false)
    return zip(fields, values).reduce([UInt8(ascii: text.hasPrefix("*") ? "*" : " ")]) { record, cell in
      let (parts, value) = (cell.0.split(separator: " "), Array(cell.1.utf8))
      let padding = [UInt8](repeating: UInt8(ascii: " "), count: (Int(parts[2]) ?? 0) - value.count)
      return record + (parts[1] == "N" ? padding + value : value + padding)
    }
  }

  private static func little(_ number: some BinaryInteger, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  static func big(_ number: Int, _ count: Int) -> [UInt8] { little(number, count).reversed() }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
  }
}
