/// DuckDB's error output, read for its kind and its place.
///
///     Binder Error: Referenced column "nope" not found in FROM clause!
///     Candidate bindings: "county"
///
///     LINE 3:   nope AS b
///               ^
struct EngineMessage {
  private let lines: [Substring]

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  func error(
    step: String, exitCode: Int32, linesBefore: Int?, sql: String?, _ limits: EngineLimits
  ) -> EngineError {
    let message = message
    let text = lines.joined(separator: "\n")
    // aker-confine could not start DuckDB: the host's trouble, and not the statement's.
    if exitCode == Self.confinerExitCode { return .failed(step: step, exitCode: exitCode, message: message) }
    // What the task itself may write (the disk of its temporary files, the size of any file), and the disk had more.
    let isOurLimit =
      text.hasPrefix("Out of Memory Error") && text.contains("max_temp_directory_size")
      || text.hasPrefix("IO Error") && text.contains("File too large")
    if isOurLimit, !text.contains("No space left"), !limits.isDiskShort {
      return .tooLarge(step: step, limitBytes: limits.diskBytes)
    }
    if text.hasPrefix("Out of Memory Error") {
      return isOurLimit || text.contains("No space left")
        ? .diskFull(step: step, message: message)
        : .outOfMemory(step: step, limitBytes: limits.memoryBytes, message: message)
    }
    if text.hasPrefix("IO Error"),
      text.contains("No space left") || text.contains("Read-only")
        || text.contains("Permission denied") || text.contains("Disk quota") || text.contains("File too large")
    {
      return .diskFull(step: step, message: message)
    }
    // What no rewriting of the SQL would cure.
    if ["IO Error", "INTERNAL Error", "FATAL Error"].contains(where: { text.hasPrefix($0) }) || message.isEmpty {
      return .failed(step: step, exitCode: exitCode, message: message)
    }
    let place = place(in: sql)
    let line = place.flatMap { place in linesBefore.map { place.line - $0 } }.flatMap { $0 > 0 ? $0 : nil }
    return .sql(step: step, message: message, line: line, column: line == nil ? nil : place?.column)
  }

  /// Its lines, each a cause of the one before; the quoted line without its number, which counts what the user did not
  /// write.
  var causes: [String] {
    var causes: [String] = []
    for line in lines {
      if line.allSatisfy({ $0.isWhitespace || $0 == "^" }) { continue }
      if line.hasPrefix("LINE "), let colon = line.firstIndex(of: ":") {
        causes.append("in: \(line[line.index(after: colon)...].drop { $0.isWhitespace })")
        break
      }
      causes.append(String(line))
    }
    return Array(causes.prefix(Self.quotedLines + 1))
  }

  /// The message without the quoted line, on one line.
  private var message: String {
    var kept: [Substring] = []
    for line in lines {
      if line.hasPrefix("LINE ") { break }
      if !line.allSatisfy(\.isWhitespace) { kept.append(line) }
    }
    return kept.prefix(Self.quotedLines).joined(separator: " ")
  }

  /// As Sources/Confine/confine.h has it.
  private static let confinerExitCode: Int32 = 120

  /// The rest is general advice about settings that are not the reader's to change.
  private static let quotedLines = 3

  private func place(in sql: String?) -> (line: Int, column: Int)? {
    guard let index = lines.firstIndex(where: { $0.hasPrefix("LINE ") }), index + 1 < lines.count,
      let colon = lines[index].firstIndex(of: ":"),
      let line = Int(lines[index].dropFirst(5).prefix(while: \.isNumber)),
      let caret = lines[index + 1].firstIndex(of: "^")
    else { return nil }
    let prefixCount = lines[index].distance(from: lines[index].startIndex, to: colon) + 2
    let caretCount = lines[index + 1].distance(from: lines[index + 1].startIndex, to: caret)
    var column = caretCount - prefixCount + 1
    guard let sql else { return (line, max(1, column)) }
    var fragment = lines[index].dropFirst(prefixCount)
    let isCut = fragment.hasPrefix("...")
    if isCut { fragment = fragment.dropFirst(3) }
    if fragment.hasSuffix("...") { fragment = fragment.dropLast(3) }
    // Lines count from the statement's first word, and a step may have several statements.
    for (number, source) in sql.split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropFirst(
      line - 1)
    {
      guard let offset = Self.offset(of: fragment, in: source) else { continue }
      // A long line is cut at its start: what is quoted stands further on in it.
      if isCut { column += offset - 3 }
      return (number + 1, max(1, column))
    }
    return (line, max(1, column))
  }

  private static func offset(of fragment: Substring, in line: Substring) -> Int? {
    var start = line.startIndex
    var offset = 0
    while start < line.endIndex {
      if line[start...].hasPrefix(fragment) { return offset }
      start = line.index(after: start)
      offset += 1
    }
    return nil
  }
}
