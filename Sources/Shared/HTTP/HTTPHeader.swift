/// What stands behind a header's name.
enum HTTPHeader {
  /// Without the spaces, tabs and line end about it.
  static func trimmed(_ value: Substring) -> String {
    let start = value.drop { $0 == " " || $0 == "\t" }.prefix { !$0.isNewline }
    return start.lastIndex { $0 != " " && $0 != "\t" }.map { String(start[...$0]) } ?? ""
  }
}
