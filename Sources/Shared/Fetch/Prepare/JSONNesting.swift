/// How deep the lists and objects of JSON texts are within one another, in one pass over their bytes. Judges nothing else.
struct JSONNesting {
  private var depth = 0
  private var isInText = false
  private var isEscaped = false

  /// Where it first goes deeper than the budget; nil while it does not.
  mutating func firstTooDeep(in bytes: UnsafeRawBufferPointer) -> Int? {
    for index in bytes.indices {
      let byte = bytes[index]
      if isInText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInText = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInText = true
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        if depth > ExpansionBudget.depth { return index }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
      default: break
      }
    }
    return nil
  }
}
