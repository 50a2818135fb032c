extension OddInputTests {
  private static let sheet = "format: xlsx, columns: [a, b]"
  private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
  private static let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

  private static func row(_ a: String, _ b: String = "", at number: Int = 2) -> String {
    #"<row r="\#(number)"><c r="A\#(number)"\#(a)</c>\#(b.isEmpty ? "" : #"<c r="B\#(number)"\#(b)</c>"#)</row>"#
  }

  private static func text(_ text: String) -> String {
    #" t="inlineStr"><is><t xml:space="preserve">\#(text)</t></is>"#
  }

  private static func texts(_ texts: String) -> [String: String] {
    ["xl/sharedStrings.xml": #"<sst xmlns="\#(main)">\#(texts)</sst>"#]
  }

  private static func book(_ inner: String, prefix: String = "r") -> [String: String] {
    ["xl/workbook.xml": #"<workbook xmlns="\#(main)" xmlns:\#(prefix)="\#(relations)">\#(inner)</workbook>"#]
  }

  private static func worksheet(_ rows: String) -> String {
    let header =
      #"<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>"#
    return #"<worksheet xmlns="\#(main)"><sheetData>\#(header)\#(rows)</sheetData></worksheet>"#
  }

  private static func prefixed(_ text: String) -> String {
    text.replacing("xmlns=", with: "xmlns:x=").replacing(#/<(/?)(?=[a-z])/#) { "<\($0.1)x:" }
  }

  static let workbooks: [Input] = [
    // Texts.
    Input(
      "texts in runs", sheet,
      OddFile.workbook(
        row(#" t="s"><v>0</v>"#, #" t="inlineStr"><is><r><t>C</t></r><r><t>D</t></r></is>"#),
        texts("<si><r><t>A</t></r><r><rPr/><t>B</t></r></si>")), .rows(["AB|CD"])),
    Input(
      "texts with their reading", sheet,
      OddFile.workbook(
        row(#" t="s"><v>0</v>"#, #" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="1"><t>トウキョウ</t></rPh></is>"#),
        texts(#"<si><t>東京</t><rPh sb="0" eb="1"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>"#)),
      .rows(["東京|東京"])),
    Input(
      "line ends as Excel writes them", sheet,
      OddFile.workbook(
        row(#" t="s"><v>0</v>"#, text("x_x000D_\ny_x005F_x0041_")), texts("<si><t>1_x000D_\n2 _x00e9_</t></si>")),
      .rows(["1\n2 é|x\ny_x0041_"])),
    Input(
      "a text with spaces about it", sheet,
      OddFile.workbook(row(#" t="s"><v>0</v>"#, text(" 1 ")), texts(#"<si><t xml:space="preserve"> A </t></si>"#)),
      .rows([" A | 1 "])),
    Input("an empty text", sheet, OddFile.workbook(row(#" t="s"><v>0</v>"#, text("1")), texts("<si/>")), .rows(["|1"])),
    Input(
      "a text that the workbook does not have", sheet,
      OddFile.workbook(row(#" t="s"><v>1</v>"#), texts("<si><t>A</t></si>")),
      .refused(["cell A2 is text 1 of the workbook, which has 1"])),
    Input(
      "a text without a number", sheet, OddFile.workbook(row(#" t="s"><v>x</v>"#), texts("<si><t>A</t></si>")),
      .refused(["cell A2"])),
    // Numbers, truths, errors.
    Input(
      "a number that is kept as a text", sheet, OddFile.workbook(row(text("0123"), text("1,234"))),
      .rows(["0123|1,234"])),
    Input("a percentage", sheet, OddFile.workbook(row(text("x"), #" s="2"><v>0.125</v>"#)), .rows(["x|0.125"])),
    Input("a number of days", sheet, OddFile.workbook(row(text("x"), #" s="3"><v>12</v>"#)), .rows(["x|12"])),
    Input(
      "a number of seventeen digits", sheet, OddFile.workbook(row(text("x"), "><v>0.30000000000000004</v>")),
      .rows(["x|0.30000000000000004"])),
    Input(
      "errors of a sheet", sheet, OddFile.workbook(row(#" t="e"><v>#DIV/0!</v>"#, #" t="e"><f>NA()</f><v>#N/A</v>"#)),
      .rows(["#DIV/0!|#N/A"])),
    Input(
      "truths", sheet, OddFile.workbook(row(#" t="b"><v>1</v>"#, #" t="b"><f>1=2</f><v>0</v>"#)), .rows(["true|false"])),
    Input(
      "formulas with their values", sheet,
      OddFile.workbook(row(#" t="str"><f>"x"&amp;"y"</f><v>xy</v>"#, "><f>1/4</f><v>0.25</v>")), .rows(["xy|0.25"])),
    Input(
      "a formula that others share, without its value", sheet,
      OddFile.workbook(row(text("x"), #"><f t="shared" si="0"/>"#)), .refused(["cell B2 has the formula"])),
    // Dates.
    Input(
      "the first day of 1904's days", sheet,
      OddFile.workbook(
        row(text("x"), #" s="1"><v>0</v>"#),
        book(#"<workbookPr date1904="1"/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>"#)),
      .rows(["x|1904-01-01"])),
    Input(
      "days from 1900 and from 1904", sheet,
      OddFile.workbook(
        row(text("x"), #" s="1"><v>42895</v>"#),
        book(#"<workbookPr date1904="true"/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>"#)),
      .rows(["x|2021-06-10"])),
    Input(
      "a day that there was not", sheet, OddFile.workbook(row(text("x"), #" s="1"><v>60</v>"#)), .rows(["x|60"])),
    // Sheets.
    Input(
      "a first sheet that is hidden", sheet,
      OddFile.workbook(
        row(text("hidden")),
        book(
          #"<sheets><sheet name="S" sheetId="1" state="hidden" r:id="rId1"/><sheet name="T" sheetId="2" r:id="rId2"/></sheets>"#
        ).merging(["xl/worksheets/sheet2.xml": worksheet(row(text("shown")))]) { $1 }),
      .refused(["the first sheet, 'S', is hidden", "sheet: \"T\""])),
    Input(
      "a hidden sheet that is asked for", sheet + ", sheet: S",
      OddFile.workbook(
        row(text("hidden")),
        book(
          #"<sheets><sheet name="S" sheetId="1" state="veryHidden" r:id="rId1"/><sheet name="T" sheetId="2" r:id="rId2"/></sheets>"#
        ).merging(["xl/worksheets/sheet2.xml": worksheet(row(text("shown")))]) { $1 }), .rows(["hidden|"])),
    Input(
      "a sheet that is not there", sheet + ", sheet: Data", OddFile.workbook(row(text("x"))),
      .refused(["no sheet 'Data'", "'S'"])),
    Input(
      "a sheet in other letters", sheet + ", sheet: s", OddFile.workbook(row(text("x"))),
      .refused(["no sheet 's'", "'S'"])),
    Input(
      "rows and columns that are hidden", sheet,
      OddFile.workbook(#"<row r="2" hidden="1"><c r="A2"><v>1</v></c></row>"# + row("><v>2</v>", at: 3)),
      .rows(["1|", "2|"])),
    Input(
      "sheets under another prefix", sheet,
      OddFile.workbook(
        row(text("x"), #" s="1"><v>44357</v>"#),
        book(#"<sheets><sheet name="S" sheetId="1" q:id="rId1"/></sheets>"#, prefix: "q")), .rows(["x|2021-06-10"])),
    Input(
      "elements under a prefix", sheet,
      OddFile.workbook(
        "",
        [
          "xl/worksheets/sheet1.xml": prefixed(worksheet(row(text("x"), #" s="1"><v>44357</v>"#))),
          "xl/workbook.xml":
            #"<x:workbook xmlns:x="\#(main)" xmlns:r="\#(relations)"><x:sheets><x:sheet name="S" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>"#,
        ]), .rows(["x|2021-06-10"])),
    Input(
      "texts under a prefix", sheet,
      OddFile.workbook(
        row(#" t="s"><v>0</v>"#),
        ["xl/sharedStrings.xml": #"<x:sst xmlns:x="\#(main)"><x:si><x:t>A</x:t></x:si></x:sst>"#]), .rows(["A|"])),
    Input(
      "the strict form of the format", sheet,
      OddFile.workbook(
        row(text("x"), #" s="1"><v>44357</v>"#),
        [
          "xl/workbook.xml":
            #"<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:r="http://purl.oclc.org/ooxml/officeDocument/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#
        ]), .rows(["x|2021-06-10"])),
    Input(
      "a sheet by its whole path", sheet,
      OddFile.workbook(
        row(text("x"), #" s="1"><v>44357</v>"#),
        [
          "xl/_rels/workbook.xml.rels":
            #"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="\#(relations)/worksheet" Target="/xl/worksheets/sheet1.xml"/><Relationship Id="rId3" Type="\#(relations)/styles" Target="/xl/styles.xml"/></Relationships>"#
        ]), .rows(["x|2021-06-10"])),
    Input(
      "a sheet whose part is not there", sheet,
      OddFile.workbook(
        row(text("x")), book(#"<sheets><sheet name="S" sheetId="1" r:id="rId2"/></sheets>"#)),
      .refused(["sheet 'S'", "xl/worksheets/sheet2.xml"])),
    // Rows and cells.
    Input(
      "a sheet that says it is smaller than it is", sheet,
      OddFile.workbook(
        "",
        [
          "xl/worksheets/sheet1.xml": worksheet(row("><v>1</v>") + row("><v>2</v>", "><v>3</v>", at: 3))
            .replacing("<sheetData>", with: #"<dimension ref="A1:A2"/><sheetData>"#)
        ]), .rows(["1|", "2|3"])),
    Input(
      "rows and cells without their places", sheet,
      OddFile.workbook(
        "",
        [
          "xl/worksheets/sheet1.xml":
            #"<worksheet xmlns="\#(main)"><sheetData><row><c\#(text("a"))</c><c\#(text("b"))</c></row><row><c><v>1</v></c><c\#(text("x"))</c></row></sheetData></worksheet>"#
        ]), .rows(["1|x"])),
    Input(
      "rows in another order", sheet, OddFile.workbook(row("><v>2</v>", at: 3) + row("><v>1</v>", at: 2)),
      .refused(["row 2 stands behind row 3"])),
    Input(
      "a row that is there twice", sheet, OddFile.workbook(row("><v>1</v>", at: 2) + row("><v>2</v>", at: 2)),
      .refused(["row 2 stands behind row 2"])),
    Input(
      "a cell that is there twice", sheet,
      OddFile.workbook(#"<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>"#),
      .refused(["cell A2 stands behind A2"])),
    Input(
      "cells in another order", sheet,
      OddFile.workbook(#"<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>"#),
      .refused(["cell A2 stands behind B2"])),
    Input(
      "a cell of another row", sheet, OddFile.workbook(#"<row r="2"><c r="A3"><v>1</v></c></row>"#),
      .refused(["cell A3 stands in row 2"])),
    Input(
      "a cell beyond the header", sheet,
      OddFile.workbook(#"<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>3</v></c></row>"#),
      .refused(["cell C2", "beyond the header"])),
    Input(
      "rows with nothing in them", sheet,
      OddFile.workbook(row("><v>1</v>") + #"<row r="3"><c r="A3" s="1"/></row>"# + row("><v>2</v>", at: 5)),
      .rows(["1|", "2|"])),
    Input(
      "a column that is there twice", sheet,
      OddFile.workbook(
        "",
        [
          "xl/worksheets/sheet1.xml":
            #"<worksheet xmlns="\#(main)"><sheetData><row r="1"><c r="A1"\#(text("a"))</c><c r="B1"\#(text("b"))</c><c r="C1"\#(text("A"))</c></row>\#(row("><v>1</v>"))</sheetData></worksheet>"#
        ]), .refused(["the header has column 'a' at place 1 and place 3"])),
    Input(
      "the header once more", sheet, OddFile.workbook(row("><v>1</v>") + row(text("a"), text(" B "), at: 3)),
      .refused(["row 3 is the header once more"])),
    // Files.
    Input(
      "a workbook that was cut", sheet, Array(OddFile.workbook(row(text("x"))).dropLast(400)), .refused(["archive"])),
    Input(
      "a sheet that was cut", sheet,
      OddFile.workbook(
        "", ["xl/worksheets/sheet1.xml": #"<worksheet xmlns="\#(main)"><sheetData><row r="1"><c r="A1""#]),
      .refused(["sheet 'S' is damaged"])),
    Input("a table where a workbook was due", sheet, "a,b\n1,2\n", .refused(["archive"])),
  ]
}
