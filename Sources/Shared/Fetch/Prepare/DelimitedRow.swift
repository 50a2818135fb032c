/// One record of delimited text, and the line on which it begins.
struct DelimitedRow {
  var line: Int
  var fields: [DelimitedField]

  var isBlank: Bool { fields.count == 1 && !fields[0].isQuoted && fields[0].bytes.allSatisfy(DelimitedText.isSpace) }

  /// - Parameter mark: what a remark begins with; nil where there are none.
  func isComment(_ mark: String?) -> Bool {
    guard let mark, let first = fields.first, !first.isQuoted else { return false }
    return first.bytes.starts(with: mark.utf8)
  }
}
