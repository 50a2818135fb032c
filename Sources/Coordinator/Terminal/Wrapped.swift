import Base

/// Text broken at spaces, with no character in it that is not seen.
enum Wrapped {
  /// - Parameter columns: what a line may take; a longer word stands alone and is not cut.
  static func lines(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    for paragraph in OutsideText.lines(text, atMost: .max).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > columns {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines
  }
}
