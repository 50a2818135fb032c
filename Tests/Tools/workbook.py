"""Writes a workbook without a library: workbook.py FILE SHEET ROW... SHEET ROW...; a row has its cells between bars, and a
sheet none. =1/4 is a formula whose value nobody reckoned, =1/4->0.25 one with it. @1:44357 is a number in style 1 (a date), 2
(a date and time of a format of its own), 3 (hours) or 4 (a percentage); !b:1 a cell of type b."""
import sys
import zipfile
from xml.sax.saxutils import escape

path, sheets = sys.argv[1], []
for argument in sys.argv[2:]:
    if "|" in argument:
        sheets[-1][1].append(argument.split("|"))
    else:
        sheets.append((argument, []))


def cell(column, row, text):
    place = f"{chr(65 + column)}{row}"
    if text.startswith("="):
        formula, _, value = text[1:].partition("->")
        return f'<c r="{place}"><f>{escape(formula)}</f>{f"<v>{value}</v>" if value else ""}</c>'
    if text[:1] in ("@", "!") and ":" in text:
        mark, value = text[1:].split(":", 1)
        return f'<c r="{place}" {"s" if text[0] == "@" else "t"}="{mark}"><v>{value}</v></c>'
    # Codes with a leading zero are texts in workbooks that keep them, and figures are numbers.
    if text and not (text[0] == "0" and text[1:2].isdigit()):
        try:
            float(text)
            return f'<c r="{place}"><v>{text}</v></c>'
        except ValueError:
            pass
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else ""


main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
package = "http://schemas.openxmlformats.org/package/2006"
kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
numbers = range(1, len(sheets) + 1)
files = {
    "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
    + "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers)
    + "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
    f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {main} xmlns:r="{relation}"><sheets>'
    + "".join(f'<sheet name="{escape(s[0])}" sheetId="{n}" r:id="rId{n}"/>' for n, s in zip(numbers, sheets))
    + "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
    + "".join(
        f'<Relationship Id="rId{n}" Type="{relation}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    + "</Relationships>",
}
if any(text.startswith("@") for _, rows in sheets for row in rows for text in row):
    files["xl/styles.xml"] = (
        f'<styleSheet {main}><numFmts count="1"><numFmt numFmtId="164" formatCode="[Red]&quot;at &quot;yyyy\\-mm hh:mm"/></numFmts>'
        + '<cellXfs count="5">'
        + "".join(f'<xf numFmtId="{n}"/>' for n in (0, 14, 164, 20, 10))
        + "</cellXfs></styleSheet>"
    )
    files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>'
    )
    files["xl/_rels/workbook.xml.rels"] = files["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="styles" Type="{relation}/styles" Target="styles.xml"/></Relationships>',
    )
for n, (_, rows) in zip(numbers, sheets):
    files[f"xl/worksheets/sheet{n}.xml"] = (
        f"<worksheet {main}><sheetData>"
        + "".join(
            f'<row r="{r}">' + "".join(cell(c, r, text) for c, text in enumerate(row)) + "</row>"
            for r, row in enumerate(rows, 1)
        )
        + "</sheetData></worksheet>"
    )
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in files.items():
        # A fixed time, so that the same cells give the same bytes.
        info = zipfile.ZipInfo(name, (2025, 5, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
