/// One record of delimited text, and the line on which it begins.
struct DelimitedRow {
  var line: Int
  var fields: [DelimitedField]

  var isBlank: Bool { fields.count == 1 && !fields[0].isQuoted && fields[0].bytes.allSatisfy(DelimitedText.isSpace) }
}
