/// Cells of a sheet that are merged: people see the value over all of them, and the file has it in the first.
extension OddInputTests {
  private static let sheet = "format: xlsx, columns: [a, b]"
  private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

  private static func cell(_ place: String, _ text: String) -> String {
    text.isEmpty ? #"<c r="\#(place)"/>"# : #"<c r="\#(place)" t="inlineStr"><is><t>\#(text)</t></is></c>"#
  }

  /// - Parameter rows: cells from A1 on, the header first.
  private static func workbook(_ rows: [[String]], merged: [String], header: [String] = ["a", "b", "c"]) -> [UInt8] {
    let written = ([header] + rows).enumerated().map { index, row in
      let cells = zip("ABCDEF", row).map { cell("\($0)\(index + 1)", $1) }
      return #"<row r="\#(index + 1)">\#(cells.joined())</row>"#
    }
    let ranges = merged.map { #"<mergeCell ref="\#($0)"/>"# }.joined()
    return OddFile.workbook(
      "",
      [
        "xl/worksheets/sheet1.xml":
          #"<worksheet xmlns="\#(main)"><sheetData>\#(written.joined())</sheetData><mergeCells>\#(ranges)</mergeCells></worksheet>"#
      ])
  }

  private static let label = [["x", "1"], ["", "2"], ["y", "3"]]

  static let merges: [Input] = [
    Input(
      "a label merged over rows", sheet, workbook(label, merged: ["A2:A3"]),
      .refused(["sheet 'S': A2:A3 is merged", "merged: each", "merged: first"])),
    Input(
      "a label merged over rows, of each", sheet + ", merged: each", workbook(label, merged: ["A2:A3"]),
      .rows(["x|1", "x|2", "y|3"])),
    Input(
      "a label merged over rows, of the first", sheet + ", merged: first", workbook(label, merged: ["A2:A3"]),
      .rows(["x|1", "y|3", "|2"])),
    Input(
      "a number and a date merged over rows", sheet + ", merged: each",
      OddFile.workbook(
        "",
        [
          "xl/worksheets/sheet1.xml":
            #"<worksheet xmlns="\#(main)"><sheetData><row>\#(cell("A1", "a"))\#(cell("B1", "b"))\#(cell("C1", "c"))</row><row><c s="1"><v>44357</v></c><c><v>1.2E3</v></c></row><row><c/><c/><c><v>8</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="B2:B3"/></mergeCells></worksheet>"#
        ]), .rows(["2021-06-10|1200", "2021-06-10|1200"])),
    Input(
      "a value merged over columns", sheet, workbook([["x", ""], ["y", "3"]], merged: ["A2:B2"]),
      .refused(["A2:B2 is merged"])),
    Input(
      "a value merged over columns, of each", sheet + ", merged: each",
      workbook([["n/a", ""], ["y", "3"]], merged: ["A2:B2"]), .rows(["n/a|n/a", "y|3"])),
    Input(
      "rows and columns, of which cells are left out", sheet + ", merged: each",
      workbook([["n/a"], ["", "", "z"], ["y", "3"]], merged: ["A2:B3"]), .rows(["n/a|n/a", "n/a|n/a", "y|3"])),
    Input(
      "a range over rows with nothing in them", sheet + ", merged: each",
      workbook([["x", "1"], ["", ""], [], ["y", "3"]], merged: ["A2:A4"]), .rows(["x|1", "y|3"])),
    Input(
      "a range that has no value", sheet, workbook([["x", "1"], ["", ""], ["", "2"]], merged: ["A3:A4", "A3:B3"]),
      .rows(["x|1", "|2"])),
    Input(
      "a range of a column that nobody declared", sheet,
      workbook([["x", "1", "n"], ["y", "2", ""]], merged: ["C2:C3"]),
      .rows(["x|1", "y|2"])),
    Input(
      "a value of a column that nobody declared, over one that is", sheet,
      workbook([["n", "x", ""]], merged: ["A2:B2"], header: ["c", "a", "b"]), .refused(["A2:B2 is merged"])),
    Input(
      "a header merged over two rows", sheet, workbook([["", "1"], ["x", "2"]], merged: ["A1:A2"]),
      .refused(["A1:A2 is merged, from the header on row 1", "has_header: false"])),
    Input(
      "a header merged over two rows, of each", sheet + ", merged: each",
      workbook([["", "1"], ["x", "2"]], merged: ["A1:A2"]),
      .refused(["A1:A2 is merged, from the header on row 1"])),
    Input(
      "a header merged over columns of one row", sheet, workbook([["x", "1"]], merged: ["B1:C1"], header: ["a", "b"]),
      .rows(["x|1"])),
    Input(
      "a value beneath a merged one", sheet + ", merged: each",
      workbook([["x", "1"], ["z", "2"]], merged: ["A2:A3"]),
      .refused(["cell A3 has a value of its own beneath A2:A3"])),
    Input(
      "a title merged over a grid", sheet + ", has_header: false", workbook([["x", "1"]], merged: ["A1:B1"]),
      .refused(["A1:B1 is merged"])),
    Input(
      "a title merged over a grid, of the first", sheet + ", has_header: false, merged: first",
      workbook([["x", "1"]], merged: ["A1:B1"], header: ["Title"]), .rows(["Title|", "x|1"])),
    Input(
      "a note merged over the columns at the end", sheet,
      workbook([["x", "1"], ["Source: us", ""]], merged: ["A3:B3"]), .refused(["A3:B3 is merged"])),
    Input(
      "ranges that are none", sheet, workbook(label, merged: ["A2", "3:A", "B9:A2", "", "A99999999999999999999:A2"]),
      .rows(["x|1", "y|3", "|2"])),
  ]
}
