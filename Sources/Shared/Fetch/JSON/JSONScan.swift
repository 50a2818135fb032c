/// What a JSON document holds at a few paths, in one pass over its file and without holding it: pages of polygons are tens
/// of megabytes.
struct JSONScan {
  typealias Failure = JSONReader.Failure

  private enum Step: Equatable {
    case member(String)
    case everyElement
  }

  /// Elements of the lists at each path; nil where there is no list.
  private(set) var elementCounts: [Int?]
  /// Texts, numbers and booleans at each path, in the document's order.
  private(set) var texts: [[String]]
  private let paths: [[Step]]
  private let reader: JSONReader

  /// - Parameter paths: dotted, `[*]` for every element of a list; empty for the document itself. 64 at most.
  /// - Throws: `Failure` when the file is not one whole JSON value.
  init(file: String, paths: [String]) throws {
    self.paths = paths.map(Self.steps)
    elementCounts = Array(repeating: nil, count: paths.count)
    texts = Array(repeating: [], count: paths.count)
    reader = try JSONReader(file)
    try value(mask: paths.isEmpty ? 0 : ~0 >> (64 - UInt64(paths.count)), depth: 0)
    guard try reader.afterSpace() == nil else { throw failure("something follows the value") }
  }

  private static func steps(_ path: String) -> [Step] {
    path.split(separator: ".").flatMap { part -> [Step] in
      let name = part.prefix { $0 != "[" }
      let elements = part.count(where: { $0 == "[" })
      return (name.isEmpty ? [] : [.member(String(name))]) + Array(repeating: .everyElement, count: elements)
    }
  }

  /// Paths of `mask` that go on with this step at this depth. A bit of a mask is a path that led here.
  private func going(_ mask: UInt64, depth: Int, _ step: (Step) -> Bool) -> UInt64 {
    if mask == 0 { return 0 }
    var result: UInt64 = 0
    for index in paths.indices where mask & (1 << UInt64(index)) != 0 {
      if paths[index].count > depth, step(paths[index][depth]) { result |= 1 << UInt64(index) }
    }
    return result
  }

  private func ending(_ mask: UInt64, depth: Int) -> [Int] {
    if mask == 0 { return [] }
    return paths.indices.filter { mask & (1 << UInt64($0)) != 0 && paths[$0].count == depth }
  }

  private mutating func value(mask: UInt64, depth: Int) throws {
    guard depth < ExpansionBudget.depth else { throw failure("it is nested too deeply") }
    switch try reader.afterSpace() {
    case UInt8(ascii: "{"): try object(mask: mask, depth: depth)
    case UInt8(ascii: "["): try list(mask: mask, depth: depth)
    case UInt8(ascii: "\""):
      let ends = ending(mask, depth: depth)
      let text = try reader.string(isWanted: !ends.isEmpty)
      for index in ends { texts[index].append(text) }
    case let byte?:
      let text = try reader.word(beginning: byte)
      guard ["true", "false", "null"].contains(text) || Double(text) != nil else {
        throw failure("'\(text)' is no value")
      }
      if text != "null" {
        for index in ending(mask, depth: depth) { texts[index].append(text) }
      }
    case nil: throw failure("it ends early")
    }
  }

  private mutating func object(mask: UInt64, depth: Int) throws {
    var byte = try reader.afterSpace()
    if byte == UInt8(ascii: "}") { return }
    while true {
      guard byte == UInt8(ascii: "\"") else { throw failure("a member's name is missing") }
      let name = try reader.string(isWanted: mask != 0)
      guard try reader.afterSpace() == UInt8(ascii: ":") else { throw failure("a colon is missing") }
      try value(mask: going(mask, depth: depth) { $0 == .member(name) }, depth: depth + 1)
      switch try reader.afterSpace() {
      case UInt8(ascii: ","): byte = try reader.afterSpace()
      case UInt8(ascii: "}"): return
      default: throw failure("an object does not end")
      }
    }
  }

  private mutating func list(mask: UInt64, depth: Int) throws {
    let ends = ending(mask, depth: depth)
    for index in ends { elementCounts[index] = elementCounts[index] ?? 0 }
    let inner = going(mask, depth: depth) { $0 == .everyElement }
    if try reader.peekAfterSpace() == UInt8(ascii: "]") {
      _ = try reader.afterSpace()
      return
    }
    while true {
      try value(mask: inner, depth: depth + 1)
      for index in ends { elementCounts[index] = (elementCounts[index] ?? 0) + 1 }
      switch try reader.afterSpace() {
      case UInt8(ascii: ","): continue
      case UInt8(ascii: "]"): return
      default: throw failure("a list does not end")
      }
    }
  }

  private func failure(_ what: String) -> Failure { reader.failure(what) }
}
