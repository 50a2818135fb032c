internal import Catalog

extension InputView {
  /// Delimited text, read as its layout says: DuckDB's sniffer, which guesses comments, quotes and headers, is never asked.
  func delimited() -> String {
    var parts: [(names: [String], documents: [Document])] = []
    for document in documents {
      let names = document.layout?.names ?? []
      if let index = parts.firstIndex(where: { $0.names == names && $0.documents[0].isRead(like: document) }) {
        parts[index].documents.append(document)
      } else {
        parts.append((names, [document]))
      }
    }
    let readers = parts.map { Self.readCSV($0.documents) }
    return readers.count == 1
      ? readers[0] : "(\(readers.map { "SELECT * FROM \($0)" }.joined(separator: " UNION ALL BY NAME ")))"
  }

  /// - Parameter documents: of one layout, but for how much there is of each.
  private static func readCSV(_ documents: [Document]) -> String {
    guard let layout = documents[0].layout else {
      return "(SELECT error('this document was not prepared to be read'))"
    }
    let columns = layout.names.map { "\(SQL.literal($0)): 'VARCHAR'" }.joined(separator: ", ")
    // Twice the longest record fits the buffer, as DuckDB asks; 2 MiB and 32 MiB are what it has by itself.
    let longest = documents.compactMap(\.layout?.longestRow).max() ?? 0
    let sizes =
      longest < 2_000_000 ? "" : ", max_line_size = \(longest + 1024), buffer_size = \(max(33_554_432, 4 * longest))"
    // A thread that begins in the middle of a file cannot know whether it is within a quoted value.
    let isParallel = !documents.contains { $0.layout?.hasLineBreaks ?? false }
    let compression = documents.contains { isGzip($0.file) } ? ", compression = 'gzip'" : ""
    return """
      read_csv(\(SQL.list(documents.map(\.file))), auto_detect = false, header = true, columns = {\(columns)}, \
      delim = \(SQL.literal(layout.delimiter)), quote = '"', escape = '"', comment = '', strict_mode = true, \
      null_padding = false, ignore_errors = false, parallel = \(isParallel)\(sizes)\(compression))
      """
  }

  /// The header's cells, as the preparation found them.
  func delimitedHeader(_ file: String) -> String {
    let cells = documents.first { $0.file == file }?.layout?.cells ?? []
    return "SELECT CAST(\(SQL.list(cells)) AS VARCHAR[]) AS columns"
  }

  /// Rows that the documents have by the preparation's count; nil where it did not count.
  package var preparedRowCount: Int? {
    guard request.format == .csv || request.format == .tsv, !documents.isEmpty else { return nil }
    let counts = documents.compactMap(\.layout?.rowCount)
    return counts.count == documents.count ? counts.reduce(0, +) : nil
  }
}

extension InputView.Document {
  /// Whether one reader can take both.
  fileprivate func isRead(like other: Self) -> Bool {
    layout?.delimiter == other.layout?.delimiter && InputView.isGzip(file) == InputView.isGzip(other.file)
  }
}
