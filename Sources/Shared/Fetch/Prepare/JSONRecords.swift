internal import Base
internal import Catalog

/// Writes the records of a JSON document a line each, in one pass and without holding more than a piece of it: DuckDB reads
/// lines as a stream, and a document only whole.
///
/// It is as lenient as DuckDB's reader, which judges the records: commas before a bracket that closes, `NaN` and `Infinity`,
/// several documents behind one another. What is around the records is judged here.
package struct JSONRecords: ~Copyable {
  typealias Failure = JSONReader.Failure

  /// 4 MiB: below, a document takes DuckDB 0.1 s and 120 MB, and nothing is gained; the cost grows faster than the document
  /// (docs/decisions/0012-json-as-records.md).
  package static let smallestByteCount: Int64 = 4 << 20

  private let steps: [RecordPath.Step]
  /// Whether the path leads to one list, whose elements the records are; otherwise each value it leads to is a record.
  private let isOfList: Bool
  private let path: String
  private let reader: JSONReader
  private var output: OutputFile
  private var recordByteCount = 0
  /// Bytes of the largest record.
  private(set) var largestByteCount = 0

  /// - Throws: `Failure` where the document is not whole JSON, or has no list there; `OutputFile.Failure`.
  /// - Returns: bytes of the largest record.
  static func write(
    _ file: String, path: String, to target: String, _ cancellation: BlockingWork.Cancellation? = nil
  ) throws -> Int {
    var records = JSONRecords(
      path: path, reader: try JSONReader(file), output: try OutputFile(target, cancellation))
    try records.documents()
    return records.largestByteCount
  }

  private init(path: String, reader: JSONReader, output: consuming OutputFile) {
    steps = RecordPath(path)?.steps ?? []
    isOfList = !steps.contains(.everyElement)
    self.path = path
    self.reader = reader
    self.output = output
  }

  private mutating func documents() throws {
    while try reader.peekAfterSpace() != nil {
      guard try value(depth: 0) || !isOfList else { throw noList() }
    }
    try output.flush()
  }

  private func noList() -> Failure { Failure(description: "the document has no array at \(path)") }

  /// Reads a value that the first steps lead to, as many as `depth`; nil where another way leads to it.
  ///
  /// - Returns: whether it held what the path leads to.
  private mutating func value(depth: Int?, nesting: Int = 0) throws -> Bool {
    guard nesting < ExpansionBudget.depth else { throw reader.failure("it is nested too deeply") }
    if depth == steps.count {
      if isOfList { return try listOfRecords(nesting) }
      try record()
      return true
    }
    switch try reader.afterSpace() {
    case UInt8(ascii: "{"): return try object(depth: depth, nesting)
    case UInt8(ascii: "["): return try list(depth: depth, nesting)
    case UInt8(ascii: "\""): _ = try reader.string(isWanted: false)
    case let byte?:
      _ = try word(beginning: byte)
    case nil: throw reader.failure("it ends early")
    }
    return false
  }

  private func word(beginning byte: UInt8) throws -> String {
    let text = try reader.word(beginning: byte)
    guard ["true", "false", "null"].contains(text) || Double(text) != nil else {
      throw reader.failure("'\(text)' is no value")
    }
    return text
  }

  private mutating func object(depth: Int?, _ nesting: Int) throws -> Bool {
    var (isFound, isMet) = (false, false)
    var wanted: String?
    if let depth, case .member(let name) = steps[depth] { wanted = name }
    while true {
      switch try reader.afterSpace() {
      case UInt8(ascii: "}"): return isFound
      case UInt8(ascii: "\""): break
      case nil: throw reader.failure("it ends early")
      default: throw reader.failure("a member's name is missing")
      }
      let name = try reader.string(isWanted: wanted != nil)
      guard try reader.afterSpace() == UInt8(ascii: ":") else { throw reader.failure("a colon is missing") }
      if let depth, name == wanted {
        // Nothing says which one counts.
        guard !isMet else { throw reader.failure("an object has '\(name)' twice") }
        isMet = true
        isFound = try value(depth: depth + 1, nesting: nesting + 1)
      } else {
        _ = try value(depth: nil, nesting: nesting + 1)
      }
      switch try reader.afterSpace() {
      case UInt8(ascii: ","): continue
      case UInt8(ascii: "}"): return isFound
      case nil: throw reader.failure("it ends early")
      default: throw reader.failure("an object does not end")
      }
    }
  }

  private mutating func list(depth: Int?, _ nesting: Int) throws -> Bool {
    let inner = depth.flatMap { steps[$0] == .everyElement ? $0 + 1 : nil }
    return try elements { records in try records.value(depth: inner, nesting: nesting + 1) }
  }

  private mutating func listOfRecords(_ nesting: Int) throws -> Bool {
    guard try reader.peekAfterSpace() == UInt8(ascii: "[") else { throw noList() }
    _ = try reader.next()
    _ = try elements { records in
      try records.record()
      return true
    }
    return true
  }

  /// Reads a list after its bracket.
  private mutating func elements(_ element: (inout JSONRecords) throws -> Bool) throws -> Bool {
    var isFound = false
    while true {
      if try reader.peekAfterSpace() == UInt8(ascii: "]") {
        _ = try reader.next()
        return isFound
      }
      if try element(&self) { isFound = true }
      switch try reader.afterSpace() {
      case UInt8(ascii: ","): continue
      case UInt8(ascii: "]"): return isFound
      case nil: throw reader.failure("it ends early")
      default: throw reader.failure("a list does not end")
      }
    }
  }

  // MARK: Records

  /// Copies a value to a line of its own.
  private mutating func record() throws {
    recordByteCount = 0
    switch try reader.peekAfterSpace() {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): try copy()
    case let byte?:
      _ = try reader.next()
      let text = try word(beginning: byte)
      recordByteCount = text.utf8.count
      try output.write(text.utf8)
    case nil: throw reader.failure("it ends early")
    }
    try output.write([UInt8(ascii: "\n")])
    largestByteCount = max(largestByteCount, recordByteCount + 1)
  }

  /// Goes by quotes and brackets alone; what is wrong within them DuckDB finds.
  private mutating func copy() throws {
    var depth = 0
    var isQuoted = false
    var isEscaped = false
    var isEnded = false
    while !isEnded {
      let isMore = try reader.take { bytes in
        // Raw pointers: this loop sees every byte of every document.
        guard let begin = bytes.baseAddress else { return 0 }
        let end = begin + bytes.count
        var at = begin
        scan: while at < end {
          let byte = at.pointee
          at += 1
          if isQuoted {
            if isEscaped {
              isEscaped = false
            } else if byte == UInt8(ascii: "\"") {
              isQuoted = false
              if depth == 0 {
                isEnded = true
                break scan
              }
            } else if byte == UInt8(ascii: "\\") {
              isEscaped = true
            } else if byte < 0x20 {
              throw reader.failure("a text holds a control character")
            }
            continue
          }
          switch byte {
          case UInt8(ascii: "\""): isQuoted = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 {
              isEnded = true
              break scan
            }
          // A line ends with the record.
          case 0x0A, 0x0D: (at - 1).pointee = 0x20
          default: break
          }
        }
        let count = at - begin
        recordByteCount += count
        try output.write(UnsafeBufferPointer(start: begin, count: count))
        return count
      }
      guard isMore else { throw reader.failure("it ends early") }
    }
  }
}
