internal import Base

extension DelimitedText {
  /// What is wrong with a text, where it is, and what would help.
  struct Failure: Error, Equatable {
    var summary: String
    var advice: String

    static func wrongColumnCount(line: Int, found: Int, expected: Int, first: String) -> Failure {
      let shown = first.isEmpty ? "" : ", and begins with '\(shortened(first))'"
      return Failure(
        summary: "line \(line) has \(found.counted("column"))\(shown), where the header has \(expected)",
        advice: found < expected
          ? "\(remark(first))If such lines are notes, state `footer: true` (at the end) or `skip_lines: \(line)` (before the header); if rows may end early, `ragged: true` with `has_header: false`; if columns are divided otherwise, `delimiter:`."
          : "A value that holds the delimiter is quoted; if columns are divided otherwise, state `delimiter:`; if a quote is a character like any other, `quoting: false`."
      )
    }

    private static func remark(_ first: String) -> String {
      guard let mark = first.first, !mark.isLetter, !mark.isNumber, !mark.isWhitespace else { return "" }
      return "If lines that begin so are remarks, state `comment: \"\(mark)\"`. "
    }

    static func unclosedQuote(line: Int) -> Failure {
      Failure(
        summary: "a quote that opens on line \(line) is never closed",
        advice: "If a quote is a character like any other in this document, state `quoting: false`.")
    }

    static func oddity(_ oddity: DelimitedField.Oddity, line: Int, column: String, value: String) -> Failure {
      let found =
        switch oddity {
        case .strayQuote: "a quote stands within a value that begins with none"
        case .textAfterQuote: "text stands between a closing quote and the delimiter"
        }
      return Failure(
        summary: "line \(line), column \(column): \(found): '\(shortened(value))'",
        advice:
          "Expected is a value that is quoted whole, with its quotes doubled; if a quote is a character like any other in this document, state `quoting: false`."
      )
    }

    static func zero(line: Int, column: String) -> Failure {
      Failure(
        summary: "line \(line), column \(column): U+0000 stands in the value, which no text of a table may hold",
        advice: "If the document is not UTF-8, state its `encoding:`, such as utf-16; else ask its source.")
    }

    static func notUTF8(line: Int, column: String, bytes: [UInt8]) -> Failure {
      let first = bytes.firstIndex { $0 >= 0x80 } ?? 0
      let shown = bytes[max(0, first - 3)..<min(bytes.count, first + 4)]
      return Failure(
        summary: "line \(line), column \(column): \(TextEncoding.hexadecimal(shown)) is not UTF-8",
        advice: "State the request's `encoding: \(TextEncoding.likely(bytes))`, or what it is in truth.")
    }

    static func controlCharacter(line: Int, column: String, encoding: String) -> Failure {
      Failure(
        summary: "line \(line), column \(column): a byte of 0x80 to 0x9F is a control character in \(encoding)",
        advice: "State `encoding: windows-1252`, which has letters there.")
    }

    static func duplicateColumn(_ name: String, places: [Int]) -> Failure {
      Failure(
        summary:
          "line 1: the header has column '\(name)' at \(places.map { "place \($0)" }.joined(separator: " and "))",
        advice: "Which one is meant? Declare it with `in_file: \"\(name)_1\"` for the second, or ask the source.")
    }

    static func otherDelimiter(_ delimiter: String, instead: String) -> Failure {
      Failure(
        summary: "line 1 is one column where '\(instead)' divides columns, and several where '\(delimiter)' does",
        advice: "State `delimiter: \"\(delimiter == "\t" ? "\\t" : delimiter)\"`.")
    }

    static func separatorLine(_ delimiter: String) -> Failure {
      Failure(
        summary: "line 1 is Excel's 'sep=\(delimiter)', and not the header",
        advice: "State `skip_lines: 1, delimiter: \"\(delimiter == "\t" ? "\\t" : delimiter)\"`.")
    }

    static func headerAgain(line: Int) -> Failure {
      Failure(
        summary: "line \(line) is the header once more: two documents seem to have been joined",
        advice:
          "Ask for each of them by itself, or ask the source; nothing says that what follows has the same columns.")
    }

    static func headerThatIsNotDeclared(line: Int) -> Failure {
      Failure(
        summary: "line \(line) is a header of the declared names, where the request says that there is none",
        advice: "Leave `has_header: false` out, if the document has a header now.")
    }

    static func headerElsewhere(line: Int) -> Failure {
      Failure(
        summary: "line 1 is not the header, which stands on line \(line)",
        advice: "State `skip_lines: \(line - 1)`.")
    }

    static let noHeader = Failure(
      summary: "it is empty, or ends before its header", advice: "A table without rows has its header line at least.")

    /// Enough to find it by.
    static func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }
  }
}
